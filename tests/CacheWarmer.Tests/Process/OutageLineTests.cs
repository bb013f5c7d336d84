using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>
/// An outage of each store that the CacheWarmer uses: one line when it goes, one when it is back, and the same in readiness and metrics.
/// </summary>
public sealed class OutageLineTests(Servers servers)
{
    [Fact]
    public async Task PostgreSQL_stopped()
    {
        await using var postgres = new PostgresServer(OwnFolder("line-postgres"), FreePort.Take());
        await postgres.StartAsync();
        await using var redis = await RedisAsync("line-redis-1");
        await ToldOnceAsync("PostgreSQL", "postgres", postgres, redis, null, postgres.StopAsync, postgres.StartAsync);
    }

    [Fact]
    public async Task Redis_killed()
    {
        await using var redis = await RedisAsync("line-redis-2");
        // It comes back with what it had: nothing has to be built anew.
        await ToldOnceAsync("Redis", "redis", null, redis, null, redis.KillAsync, redis.StartAsync);
    }

    [Fact]
    public async Task Kafka_down()
    {
        await using var kafka = new KafkaServer(OwnFolder("line-kafka"), FreePort.Take());
        await kafka.StartAsync();
        await using var redis = await RedisAsync("line-redis-3");
        await ToldOnceAsync("Kafka", "kafka", null, redis, kafka, kafka.DownAsync, kafka.UpAsync);
    }

    async Task ToldOnceAsync(
        string store,
        string condition,
        PostgresServer? postgres,
        RedisServer redis,
        KafkaServer? kafka,
        Func<Task> stop,
        Func<Task> start
    )
    {
        await using var world = await BettingWorld.CreateAsync(postgres ?? await servers.PostgresAsync(), partitions: 2);
        kafka ??= await servers.KafkaAsync();
        using var stream = await LiveStream.CreateAsync(kafka, world);
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using var warmer = WarmerProcess.Start(
            servers.Folder,
            world.Postgres.ConnectionString,
            redis.ConnectionString,
            kafka.BootstrapServers,
            $"--CacheWarmer:TopicPrefix={stream.Prefix}",
            $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}"
        );
        var lines = await new OutageProof(http, warmer.LogFile).RunAsync(store, condition, stop, start);

        Assert.Single(lines.Away);
        Assert.Single(lines.Back);
        Assert.True(lines.Besides.Count == 0, string.Join("\n", lines.Besides));
        Assert.Equal("", string.Join('\n', lines.Traces));
    }

    async Task<RedisServer> RedisAsync(string name)
    {
        var redis = new RedisServer(OwnFolder(name), FreePort.Take());
        await redis.StartAsync();
        return redis;
    }

    string OwnFolder(string name) => Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
}
