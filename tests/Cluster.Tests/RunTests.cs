using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary><c>./run</c> as a process: what it says of itself and what ends it.</summary>
public sealed class RunTests : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    readonly string _folder = ServerFolder.Create();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_Redis_that_hangs_is_shown_and_neither_the_traffic_nor_the_run_ends()
    {
        await using var run = Start("run", "--for", "25", "--rate", "100", "--users", "200", "--data", Path.Combine(_folder, "data"));
        await SaidAsync(run, "/metrics; logs are in");
        var redis = ProcessId(run, "Redis");
        Signal.Stop.SendTo(redis);
        try
        {
            await SaidAsync(run, "Redis does not answer");
        }
        finally
        {
            Signal.Continue.SendTo(redis);
        }

        Assert.True(await run.ExitedWithinAsync(Limit), "it did not end");
        Assert.True(run.ExitCode == 0, Text(run));
        Assert.Contains("All invariants hold.", Text(run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Engines_that_end_are_started_again_and_the_end_of_the_local_broker_ends_the_run_with_one_line()
    {
        await using var run = Start("engines", "--engines", "--data", Path.Combine(_folder, "data"));
        await SaidAsync(run, "Ctrl-C stops them");
        Signal.Kill.SendTo(ProcessId(run, "Redis"));
        await SaidAsync(run, "Redis is up again");
        Signal.Kill.SendTo(ProcessId(run, "PostgreSQL"));
        await SaidAsync(run, "PostgreSQL is up again");
        Signal.Kill.SendTo(ProcessId(run, "Kafka protocol"));

        Assert.True(await run.ExitedWithinAsync(Limit), "it did not end");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            "run: the local Kafka broker ended, and with it the records that it kept in memory",
            Text(run),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_folder_that_PostgreSQLs_user_may_not_enter_is_refused_in_one_line()
    {
        var closed = Directory.CreateDirectory(Path.Combine(_folder, "closed"));
        File.SetUnixFileMode(closed.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var run = Start("closed", "--engines", "--data", Path.Combine(closed.FullName, "data"));
        if (Environment.UserName != "root")
        {
            // Only root's PostgreSQL runs as another user; this user's may enter the folder.
            await SaidAsync(run, "Ctrl-C stops them");
            return;
        }

        Assert.True(await run.ExitedWithinAsync(Limit), "it did not end");
        Assert.Equal(2, run.ExitCode);
        var refusal = Assert.Single(Text(run).Split('\n'), line => line.StartsWith("run: ", StringComparison.Ordinal));
        Assert.Equal(
            $"run: PostgreSQL runs as the user postgres, who may not enter {closed.FullName} (mode 0700): chmod o+x "
                + $"{closed.FullName}, or choose another folder with --data",
            refusal
        );
        Assert.DoesNotContain("   at ", Text(run), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--replicas Ingest=2 --replicas ingest=3", "--replicas Ingest= is given more than once")]
    [InlineData("--for NaN", "--for takes")]
    [InlineData("--for 1e300", "--for takes")]
    [InlineData("--for 0", "--for takes a number, 1 to 2592000 (it is '0')")]
    [InlineData("--for 99999999", "--for takes a number, 1 to 2592000")]
    [InlineData("--rate NaN", "--rate takes")]
    [InlineData("--rate -1", "--rate takes a number, 0 to 1000000 (it is '-1')")]
    [InlineData("--users 0", "--users takes a whole number, 1 to 10000000 (it is '0')")]
    [InlineData("--door side", "side")]
    [InlineData("--json /nope/x.json --for 5", "--json takes a file in a folder that is there (it is '/nope/x.json')")]
    [InlineData("--json summary.json", "--json needs --for")]
    [InlineData("--engines --for 5", "--for belongs to a run with workers and traffic, not to --engines")]
    [InlineData("--engines CONNECT_URL=nonsense", "CONNECT_URL takes http://HOST:PORT (it is 'nonsense')")]
    [InlineData(
        "--follow zz",
        "--follow takes ids of commands (UUIDs) and of bets (whole numbers above 0), separated by commas (it is 'zz')"
    )]
    [InlineData("--follow 12,-5", "--follow takes ids of commands")]
    [InlineData("--engines CONNECT_URL=http://127.0.0.1:1", "CONNECT_URL: Kafka Connect does not answer (it is 'http://127.0.0.1:1')")]
    [InlineData("--engines CONNECT_URL=http://127.0.0.1:0", "CONNECT_URL takes http://HOST:PORT")]
    [InlineData("--engines KAFKA_BOOTSTRAP=bad", "KAFKA_BOOTSTRAP: no broker answers (it is 'bad')")]
    [InlineData("--for 5 KAFKA_BOOTSTRAP=127.0.0.1:1", "KAFKA_BOOTSTRAP: no broker answers (it is '127.0.0.1:1')")]
    [InlineData("--engines KAFKA_BOOTSTRAP=a:port", "KAFKA_BOOTSTRAP takes host:port")]
    public async Task A_wrong_argument_is_refused_with_one_line_before_anything_starts(string arguments, string said)
    {
        var words = arguments.Split(' ');
        var data = Path.Combine(_folder, "data");
        var given = words
            .Where(word => char.IsUpper(word[0]) && word.Contains('_', StringComparison.Ordinal))
            .Select(word => word.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        await using var run = EngineProcess.Start(
            "wrong",
            Installed.Own("local/Cluster", "Cluster", [.. words.Where(word => !given.ContainsKey(word.Split('=')[0])), "--data", data]) with
            {
                Environment = given,
            },
            Path.Combine(_folder, "test-logs", "wrong.log")
        );

        Assert.True(await run.ExitedWithinAsync(Limit), "it did not end");
        Assert.True(run.ExitCode == 78, Text(run));
        var line = Assert.Single(Text(run).Trim().Split('\n'));
        Assert.StartsWith("run: ", line, StringComparison.Ordinal);
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    EngineProcess Start(string name, params string[] arguments) =>
        EngineProcess.Start(
            name,
            Installed.Own("local/Cluster", "Cluster", arguments) with
            {
                // This run is the stand-ins' own, also where the other tests have a Kafka and a Debezium.
                Environment = new Dictionary<string, string> { ["KAFKA_BOOTSTRAP"] = "", ["CONNECT_URL"] = "" },
            },
            Path.Combine(_folder, "test-logs", name + ".log")
        );

    static async Task SaidAsync(EngineProcess run, string text)
    {
        await Deadline.UntilAsync($"'{text}'", Limit, () =>
            run.HasExited ? throw new EngineException(run, "ended") : Task.FromResult(Text(run).Contains(text, StringComparison.Ordinal))
        );
    }

    static int ProcessId(EngineProcess run, string member) =>
        int.Parse(
            Regex.Match(Text(run), $@"^  {Regex.Escape(member)} +pid (\d+)", RegexOptions.Multiline).Groups[1].Value,
            CultureInfo.InvariantCulture
        );

    static string Text(EngineProcess run)
    {
        using var reader = new StreamReader(new FileStream(run.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
