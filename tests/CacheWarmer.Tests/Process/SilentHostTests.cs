using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;
using Npgsql;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>The first of several PostgreSQL hosts takes no connection, and the second one is the primary.</summary>
public sealed class SilentHostTests(Servers servers)
{
    // More than the probe's interval and its limit together.
    static readonly TimeSpan Watched = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task The_probe_reaches_the_primary_within_its_limit()
    {
        using var silent = new SilentHost();
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "silent-redis")).FullName;
        await using var redis = new RedisServer(folder, FreePort.Take());
        await redis.StartAsync();
        await using var world = await BettingWorld.CreateAsync(servers, partitions: 1);
        var kafka = await servers.KafkaAsync();
        using var stream = await LiveStream.CreateAsync(kafka, world);
        var postgres = new NpgsqlConnectionStringBuilder(world.Postgres.ConnectionString);
        postgres.Host = $"127.0.0.1:{silent.Port},127.0.0.1:{postgres.Port}";
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using var warmer = WarmerProcess.Start(
            servers.Folder,
            postgres.ConnectionString,
            redis.ConnectionString,
            kafka.BootstrapServers,
            $"--CacheWarmer:TopicPrefix={stream.Prefix}",
            $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}"
        );
        var proof = new OutageProof(http, warmer.LogFile);

        await Deadline.UntilAsync("readiness", TimeSpan.FromSeconds(30), async () => (await proof.IsReadyAsync()).IsReady);
        // While the process starts on a loaded machine, its first attempts may exceed their limit.
        var atStart = proof.Lines().Length;
        var ready = TimeProvider.System.GetTimestamp();
        var whyNot = "";
        await Deadline.UntilAsync("some time in service", TimeSpan.FromSeconds(60), async () =>
        {
            whyNot += await proof.IsReadyAsync() is (false, var why) ? why : "";
            return whyNot != "" || TimeProvider.System.GetElapsedTime(ready) > Watched;
        });

        Assert.Equal("", whyNot);
        Assert.DoesNotContain(proof.Lines().Skip(atStart), line =>
            line.Contains("PostgreSQL at ", StringComparison.Ordinal)
            && line.Contains(" does not serve this worker", StringComparison.Ordinal)
        );
    }
}
