using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// A session shorter than the brokers allow: the consumer never joins its group, and the worker says which setting it is.
/// </summary>
[Trait("Category", "real")]
public sealed class SessionTimeoutTests
{
    [Fact]
    public async Task A_session_that_the_brokers_refuse_is_named_once_and_the_worker_is_not_ready()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 0);
        await stage.Stream.RefuseShortSessionsAsync();
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using var process = stage.StartWorker(
            $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}",
            "--CdcSink:RebalanceWait=00:00:00.5",
            "--Kafka:Client:session.timeout.ms=1500",
            "--Kafka:Client:heartbeat.interval.ms=300"
        );
        var worker = new OutageProof(http, process.LogFile);
        await Deadline.UntilAsync("unreadiness that names the setting", TimeSpan.FromSeconds(60), async () =>
            await worker.IsReadyAsync() is (false, var why)
            && why.Contains("\"kafka\":\"the group refuses Kafka:Client:session.timeout.ms", StringComparison.Ordinal)
        );
        // The brokers answer all other questions meanwhile.
        await Deadline.UntilAsync("some seconds of it", TimeSpan.FromSeconds(60), async () =>
            await worker.MetricAsync("worker_store_away_seconds", "store=\"Kafka\"") > 8
        );

        Assert.Single(worker.Lines(), line =>
            line.Contains("does not serve this worker (the group refuses Kafka:Client:session.timeout.ms", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(worker.Lines(), line => line.Contains("serves this worker again", StringComparison.Ordinal));
        Assert.DoesNotContain(worker.Lines(), line => line.Contains("InvalidSessionTimeout", StringComparison.Ordinal));
    }
}
