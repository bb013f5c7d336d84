using Betting.CacheWarmer.Counters;
using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;
using StackExchange.Redis;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>
/// Settings of the servers under which counters could be wrong: told once, and the worker is not ready until they are right.
/// </summary>
public sealed class ServerSettingTests(Servers servers)
{
    [Fact]
    public async Task A_Redis_that_evicts_keys_without_lifetime_and_a_PostgreSQL_whose_changes_cannot_be_captured()
    {
        await using var redis = new RedisServer(OwnFolder("settings-redis"), FreePort.Take());
        await redis.StartAsync();
        using var admin = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        var server = admin.GetServer(admin.GetEndPoints()[0]);
        await server.ConfigSetAsync("maxmemory", "100mb");
        await server.ConfigSetAsync("maxmemory-policy", "allkeys-lru");
        await using var postgres = new PostgresServer(
            OwnFolder("settings-postgres"),
            FreePort.Take(),
            new Dictionary<string, string> { ["wal_level"] = "replica" }
        );
        await postgres.StartAsync();
        await using var world = await BettingWorld.CreateAsync(postgres, partitions: 1);
        var kafka = await servers.KafkaAsync();
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
        var worker = new OutageProof(http, warmer.LogFile);
        await Deadline.UntilAsync("unreadiness that names both settings", TimeSpan.FromSeconds(60), async () =>
            await worker.IsReadyAsync() is (false, var why)
            && why.Contains("\"redis-settings\":\"maxmemory-policy is allkeys-lru", StringComparison.Ordinal)
            && why.Contains("\"postgres-settings\":\"wal_level is replica", StringComparison.Ordinal)
        );

        await server.ConfigSetAsync("maxmemory-policy", "volatile-lru");
        await Deadline.UntilAsync("the right setting", TimeSpan.FromSeconds(30), async () =>
            await worker.MetricAsync("worker_condition", "condition=\"redis-settings\"") == 1
        );
        Assert.Single(worker.Lines(), line =>
            line.Contains("A setting of Redis breaks a promise of this worker: maxmemory-policy is allkeys-lru", StringComparison.Ordinal)
        );
        Assert.Single(worker.Lines(), line =>
            line.Contains("A setting of PostgreSQL breaks a promise of this worker: wal_level is replica", StringComparison.Ordinal)
        );
        Assert.Single(worker.Lines(), line =>
            line.Contains("The settings of Redis keep the promises of this worker again", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(0, "allkeys-lru", false)]
    [InlineData(1000, "noeviction", false)]
    [InlineData(1000, "volatile-ttl", false)]
    [InlineData(1000, "allkeys-lfu", true)]
    [InlineData(1000, "allkeys-random", true)]
    public void Only_a_limited_memory_evicts(long limit, string policy, bool isBroken) =>
        Assert.Equal(
            isBroken,
            RedisSettings.WhatIsBroken(
                $"# Memory\r\nused_memory:1\r\nmaxmemory:{limit}\r\nmaxmemory_human:1M\r\nmaxmemory_policy:{policy}\r\n"
            )
                is not null
        );

    string OwnFolder(string name) => Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
}
