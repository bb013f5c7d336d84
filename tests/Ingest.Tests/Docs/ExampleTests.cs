using System.Diagnostics;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Docs;

[Collection("worker")]
public sealed class ExampleTests(Servers servers)
{
    static readonly string Folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../docs/examples"));

    [Fact]
    public async Task Every_example_publishes_commands_that_are_accepted()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 4);
        stage.Start();
        var (rabbit, kafka) = (stage.Settings[1].Split('=', 2)[1], stage.Kafka.BootstrapServers);
        (string Program, string File, string Address)[] examples =
        [
            ("/usr/bin/python3", "rabbitmq.py", rabbit), ("/usr/bin/python3", "kafka.py", kafka), ("node", "rabbitmq.mjs", rabbit),
            ("node", "kafka.mjs", kafka), ("bash", "rabbitmq.sh", rabbit), ("bash", "kafka.sh", kafka),
        ];
        Assert.Equal(examples.Select(example => example.File).Order(), Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)).Where(file => !file.EndsWith(".json", StringComparison.Ordinal)).Order());

        for (var index = 0; index < examples.Length; index++)
        {
            await RunAsync(examples[index].Program, Path.Combine(Folder, examples[index].File), examples[index].Address, (100 + index).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        await stage.SomeAppliedAsync(2 * examples.Length);
        await using var balances = stage.Postgres.CreateCommand("SELECT string_agg(user_id || ' ' || balance, ', ' ORDER BY user_id) FROM wallets");
        Assert.Equal(string.Join(", ", Enumerable.Range(100, examples.Length).Select(user => $"{user} 12.50")), await balances.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{arguments[0]}: {said}");
    }
}
