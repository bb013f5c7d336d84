using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;
using Dapper;
using Npgsql;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>The shipped process with the role that it has in production.</summary>
[Collection("one Redis")]
public sealed class WarmerWithItsRights(Servers servers)
{
    [Fact]
    public async Task The_role_warmer_is_enough_for_counters_lists_and_the_settlement_view()
    {
        await using var world = await BettingWorld.CreateAsync(servers, partitions: 1);
        await using var connection = await world.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            ALTER ROLE warmer LOGIN;
            INSERT INTO bets VALUES (1, 1, 1, 'OPEN', 10, NULL, '2026-11-01T00:00:00Z', NULL), (2, 1, 1, 'SETTLED', 10, 25,
                '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z');
            """
        );
        var redis = await servers.RedisAsync();
        using var client = await WarmParts.ConnectAsync(redis.ConnectionString);
        new WarmParts(world.Postgres, client).Flush();
        var kafka = await servers.KafkaAsync();
        using var stream = await LiveStream.CreateAsync(kafka, world);
        var postgres = new NpgsqlConnectionStringBuilder(world.Postgres.ConnectionString) { Username = "warmer" }.ConnectionString;
        await using var warmer = WarmerProcess.Start(
            servers.Folder,
            postgres,
            redis.ConnectionString,
            kafka.BootstrapServers,
            $"--CacheWarmer:TopicPrefix={stream.Prefix}"
        );
        await Deadline.UntilAsync("counters, lists and settlement", TimeSpan.FromSeconds(40), async () =>
        {
            var database = client.GetDatabase();
            Assert.Equal("1", (string?)await database.StringGetAsync(RedisKeys.BetCount(BetStatus.Open)));
            Assert.Contains("\"betId\":1,", (string?)await database.StringGetAsync(RedisKeys.ActiveBets), StringComparison.Ordinal);
            Assert.Equal("[]", (string?)await database.StringGetAsync(RedisKeys.EventCatalog));
            Assert.Equal(-15m, await connection.ExecuteScalarAsync<decimal>("SELECT house_result FROM daily_settlement"));
            return true;
        });
    }
}
