using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>The worker's process beside a connector whose settings leave out a table; the stand-in answers as Kafka Connect does.</summary>
public sealed class ConnectorSettingsTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_connector_that_leaves_out_a_table_is_reported_until_it_is_put_right()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var port = FreePort.Take();
        var (setting, address) = SinkProcess.Listening();
        await using var worker = new SinkProcess(
            stream.StartWorker(
                sink.ConnectionString,
                [setting, FormattableString.Invariant($"--Connect:Url=http://127.0.0.1:{port}"), "--CdcSink:LagEvery=00:00:00.500"]
            ),
            address
        );
        await Deadline.UntilAsync("a Kafka Connect that is away", Limit, async () =>
            await worker.MetricAsync("worker_condition", "condition=\"connect\"") == 0
        );
        Assert.DoesNotContain("connect-settings", await worker.BodyAsync("/health/ready"), StringComparison.Ordinal);

        await using (Connector(port, "public.users,public.bets"))
        {
            await Deadline.UntilAsync("the setting", Limit, async () =>
                (await worker.BodyAsync("/health/ready")).Contains(
                    "table.include.list leaves out public.events: its changes are not sent",
                    StringComparison.Ordinal
                )
            );
            Assert.Equal(0, await worker.MetricAsync("worker_condition", "condition=\"connect-settings\""));
            Assert.Equal(
                1,
                CountOf(worker, "A setting of Kafka Connect breaks a promise of this worker: table.include.list leaves out public.events")
            );
        }

        await using (Connector(port, "public.users,public.events,public.bets"))
        {
            await Deadline.UntilAsync("the settings to be right", Limit, async () =>
                await worker.MetricAsync("worker_condition", "condition=\"connect-settings\"") == 1
            );
            Assert.Equal(1, CountOf(worker, "The settings of Kafka Connect keep the promises of this worker again"));
            Assert.Equal(1, CountOf(worker, "A setting of Kafka Connect breaks a promise of this worker"));
        }
    }

    // Neither PostgreSQL nor Kafka is there: its HTTP answers all the same.
    EngineProcess Connector(int port, string tables)
    {
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            "Host=127.0.0.1;Port=1;Username=nobody;Database=none",
            "--kafka",
            "127.0.0.1:1",
            "--tables",
            tables,
            "--heartbeat-action-query",
            Topics.WatermarkQuery,
            "--admin-port",
            port.ToString(CultureInfo.InvariantCulture),
            "--data",
            Directory.CreateTempSubdirectory("capture-").FullName
        );
        return EngineProcess.Start("Capture", launch, Path.Combine(servers.Folder, "logs", $"capture-settings-{port}-{tables.Length}.log"));
    }

    static int CountOf(SinkProcess worker, string text)
    {
        using var log = new StreamReader(new FileStream(worker.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd().Split(text).Length - 1;
    }
}
