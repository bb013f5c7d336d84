using System.CommandLine;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Load;

/// <summary><c>LocalLoad write FILE</c>: the same stream as a file of JSON lines, on a clock of its own.</summary>
static class WriteVerb
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON lines, one command each" };
        var commands = new Option<long>("--commands") { Description = "how many", DefaultValueFactory = _ => 100_000 };
        var start = new Option<DateTimeOffset>("--start")
        {
            Description = "issuedAt of the first command",
            DefaultValueFactory = _ => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        };
        var malformed = new Option<double>("--malformed")
        {
            Description = "of a thousand messages, how many are malformed",
            DefaultValueFactory = _ => 0,
        };
        var traffic = new TrafficArguments();
        var command = new Command("write", "Writes a stream of commands to a file.") { file, commands, start, malformed };
        traffic.AddTo(command);
        command.SetAction(
            async (parsed, cancellation) =>
            {
                var now = parsed.GetValue(start);
                var stream = new BettingTraffic(traffic.Read(parsed) with { MalformedPerThousand = parsed.GetValue(malformed) }, () => now);
                await using var output = parsed.GetValue(file)!.Create();
                for (var left = parsed.GetValue(commands); left > 0; left--)
                {
                    await output.WriteAsync(stream.Next().Body, cancellation);
                    output.WriteByte((byte)'\n');
                    now = now.AddMilliseconds(5);
                }
                return 0;
            }
        );
        return command;
    }
}
