using System.CommandLine;
using System.Globalization;
using System.Numerics;
using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse;

/// <summary>The command line of LocalClickHouse.</summary>
static class CommandLine
{
    static readonly ServerOptions Defaults = new() { Path = "", Library = "" };

    static readonly Option<int> Port = Number(
        new Option<int>("--port") { Description = "TCP port on 127.0.0.1; 0 takes a free one", DefaultValueFactory = _ => 8123 },
        0,
        65535
    );

    static readonly Option<string> Path = new("--path") { Description = "Folder with the data; one process a folder", Required = true };

    static readonly Option<string?> Library = new("--lib")
    {
        Description = $"libchdb.so; without it the environment's {LibraryFile.Variable}, then the npm package of this folder",
    };

    static readonly Option<int> MaxConcurrent = Number(
        new Option<int>("--max-concurrent")
        {
            Description = "Queries that run at a time; further ones wait",
            DefaultValueFactory = _ => Defaults.MaxConcurrent,
        },
        1,
        1000
    );

    static readonly Option<double> QueueTimeout = Number(
        new Option<double>("--queue-timeout")
        {
            Description = "Seconds that a query waits for its turn",
            DefaultValueFactory = _ => Defaults.QueueTimeout.TotalSeconds,
        },
        0,
        3600
    );

    static readonly Option<long> MemoryLimit = Bytes(
        new Option<long>("--memory-limit")
        {
            Description = "Bytes that all queries together may take; 0 is nine tenths of the machine's memory",
            DefaultValueFactory = _ => Defaults.MemoryLimit,
        },
        0,
        long.MaxValue
    );

    static readonly Option<int> MaxRequestLine = Bytes(
        new Option<int>("--max-request-line")
        {
            Description = "Bytes of a request's first line",
            DefaultValueFactory = _ => Defaults.MaxRequestLine,
        },
        1 << 10,
        64 << 20
    );

    static readonly Option<long> MaxBody = Bytes(
        new Option<long>("--max-body") { Description = "Bytes of a request's body as sent", DefaultValueFactory = _ => Defaults.MaxBody },
        1 << 10,
        long.MaxValue
    );

    static readonly Option<int> MaxStatement = Bytes(
        new Option<int>("--max-statement")
        {
            Description = "Bytes of a statement that is no INSERT of data, and of all parameters of a form together",
            DefaultValueFactory = _ => Defaults.MaxStatement,
        },
        1 << 10,
        1 << 30
    );

    static readonly Option<double> StopTimeout = Number(
        new Option<double>("--stop-timeout")
        {
            Description = "Seconds that queries may go on after the host was told to stop",
            DefaultValueFactory = _ => Defaults.StopTimeout.TotalSeconds,
        },
        0,
        3600
    );

    /// <summary>The exit code: 0 after an orderly stop, 1 for a wrong command line or a host that could not start.</summary>
    public static Task<int> RunAsync(string[] arguments, Func<ServerOptions, Task> run)
    {
        var command = new RootCommand("ClickHouse's HTTP interface over the embedded engine, for one machine")
        {
            Port,
            Path,
            Library,
            MaxConcurrent,
            QueueTimeout,
            MemoryLimit,
            MaxRequestLine,
            MaxBody,
            MaxStatement,
            StopTimeout,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                try
                {
                    await run(Read(parsed));
                    return 0;
                }
                catch (StartupException error)
                {
                    await Console.Error.WriteLineAsync(error.Message);
                    return 1;
                }
            }
        );
        return command.Parse(arguments).InvokeAsync();
    }

    static ServerOptions Read(ParseResult parsed) =>
        new()
        {
            Port = parsed.GetValue(Port),
            Path = parsed.GetRequiredValue(Path),
            Library = LibraryFile.Find(parsed.GetValue(Library)),
            MaxConcurrent = parsed.GetValue(MaxConcurrent),
            QueueTimeout = TimeSpan.FromSeconds(parsed.GetValue(QueueTimeout)),
            MemoryLimit = parsed.GetValue(MemoryLimit),
            MaxRequestLine = parsed.GetValue(MaxRequestLine),
            MaxBody = parsed.GetValue(MaxBody),
            MaxStatement = parsed.GetValue(MaxStatement),
            StopTimeout = TimeSpan.FromSeconds(parsed.GetValue(StopTimeout)),
        };

    static Option<T> Number<T>(Option<T> option, T least, T most)
        where T : struct, INumber<T> =>
        Parsed(option, text => T.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null, least, most, "a number");

    static Option<T> Bytes<T>(Option<T> option, T least, T most)
        where T : struct, INumber<T> =>
        Parsed(
            option,
            text => ByteSize.Read(text) is { } bytes && bytes <= long.CreateSaturating(most) ? T.CreateChecked(bytes) : null,
            least,
            most,
            "bytes, or a size such as 400MiB or 2GiB,"
        );

    // The parser itself refuses: a validator would ask for a value that is none, which throws.
    static Option<T> Parsed<T>(Option<T> option, Func<string, T?> read, T least, T most, string what)
        where T : struct, INumber<T>
    {
        option.CustomParser = result =>
        {
            var text = string.Join(' ', result.Tokens.Select(token => token.Value));
            if (read(text) is { } value && value >= least && value <= most)
                return value;
            result.AddError($"{option.Name} takes {what} from {least} to {most}, not '{text}'.");
            return default;
        };
        return option;
    }
}
