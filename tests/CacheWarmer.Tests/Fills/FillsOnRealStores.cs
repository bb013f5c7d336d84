using System.Diagnostics.Metrics;
using System.Text;
using Betting.CacheWarmer;
using Betting.CacheWarmer.Fills;
using Betting.CacheWarmer.Outage;
using Betting.Contracts;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Betting.Tests.CacheWarmer.Fills;

[Collection("one Redis")]
public sealed class FillsOnRealStores(Servers servers)
{
    [Fact]
    public async Task The_lists_have_the_form_that_readers_know()
    {
        await using var world = await SeededAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync();
        await EqualsSnapshotAsync("active_bets.snap", new ActiveBetsFill(), connection);
        var options = Microsoft.Extensions.Options.Options.Create(new CacheWarmerOptions());
        await EqualsSnapshotAsync("event_catalog.snap", new EventCatalogFill(options), connection);
    }

    [Fact]
    public async Task A_hundred_bets_at_most_the_newest_first()
    {
        await using var world = await BettingWorld.CreateAsync(servers, 1);
        await using var connection = await world.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "INSERT INTO bets SELECT id, 1, 1, 'OPEN', 1, NULL, '2026-01-01T00:00:00Z'::timestamptz + id * interval '1 second', NULL "
                + "FROM generate_series(1, 150) AS id"
        );
        var (value, items) = await new ActiveBetsFill().ReadAsync(connection, CancellationToken.None);
        Assert.Equal(RedisKeys.ActiveBetsLimit, items);
        Assert.StartsWith("[{\"betId\":150,", Encoding.UTF8.GetString(value.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_fill_never_overwrites_one_that_began_later()
    {
        await using var world = await SeededAsync();
        using var redis = await WarmParts.ConnectAsync((await servers.RedisAsync()).ConnectionString);
        await redis.GetDatabase().KeyDeleteAsync([RedisKeys.ActiveBets, PublicKey.VersionOf(RedisKeys.ActiveBets)]);
        var reading = new SemaphoreSlim(0);
        var goOn = new SemaphoreSlim(0);
        var slow = NewFiller(new SlowFill(reading, goOn), world.Postgres, redis).FillAsync(CancellationToken.None);
        await reading.WaitAsync(TimeSpan.FromSeconds(10));
        // Its lock has run out meanwhile, as after a long pause of its process.
        await redis.GetDatabase().KeyDeleteAsync(PublicKey.FillerOf(RedisKeys.ActiveBets));
        Assert.NotNull(await NewFiller(new ActiveBetsFill(), world.Postgres, redis).FillAsync(CancellationToken.None));
        goOn.Release();
        Assert.Null(await slow);
        Assert.NotEqual("old", (string?)await redis.GetDatabase().StringGetAsync(RedisKeys.ActiveBets));
    }

    [Fact]
    public async Task Of_two_replicas_one_fills_at_a_time()
    {
        await using var world = await SeededAsync();
        using var redis = await WarmParts.ConnectAsync((await servers.RedisAsync()).ConnectionString);
        var reading = new SemaphoreSlim(0);
        var goOn = new SemaphoreSlim(0);
        var first = NewFiller(new SlowFill(reading, goOn), world.Postgres, redis).FillAsync(CancellationToken.None);
        await reading.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Null(await NewFiller(new ActiveBetsFill(), world.Postgres, redis).FillAsync(CancellationToken.None));
        goOn.Release();
        await first;
        Assert.True(await redis.GetDatabase().KeyTimeToLiveAsync(RedisKeys.ActiveBets) <= RedisKeys.ActiveBetsLifetime);
    }

    static Filler NewFiller(IKeyFill fill, NpgsqlDataSource postgres, StackExchange.Redis.IConnectionMultiplexer redis)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        var breaker = new Breaker(Microsoft.Extensions.Options.Options.Create(new CacheWarmerOptions()), TimeProvider.System);
        return new Filler(fill, postgres, redis, new CacheWarmerMetrics(meters, breaker), TimeProvider.System);
    }

    async Task<BettingWorld> SeededAsync()
    {
        var world = await BettingWorld.CreateAsync(servers, 1);
        await using var connection = await world.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            INSERT INTO events VALUES (1, 'City – "United" 🏁', 'football', '2026-11-22T18:00:00Z', 'LIVE'), (2, 'Über', 'tennis',
            '2026-11-22T12:00:00.5Z', 'SCHEDULED'),
                                      (3, 'Over', 'tennis', '2026-11-01T12:00:00Z', 'FINISHED');
            INSERT INTO bets VALUES (1, 10, 1, 'OPEN', 100, NULL, '2026-11-22T12:00:00.000001Z', NULL), (2, 11, 2, 'OPEN', 0.01, NULL,
            '2026-11-22T12:00:00.000001Z', NULL),
                                    (3, 10, 1, 'SETTLED', 5, 7, '2026-11-22T13:00:00Z', '2026-11-22T14:00:00Z'), (9007199254740993, 12,
                                    1, 'OPEN', 9999999999.99, NULL, '2026-11-22T11:00:00Z', NULL);
            """
        );
        return world;
    }

    static async Task EqualsSnapshotAsync(string file, IKeyFill fill, NpgsqlConnection connection)
    {
        var (value, _) = await fill.ReadAsync(connection, CancellationToken.None);
        var expected = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Fills", file));
        Assert.Equal(expected, Encoding.UTF8.GetString(value.Span));
    }

    sealed class SlowFill(SemaphoreSlim reading, SemaphoreSlim goOn) : IKeyFill
    {
        public string Key => RedisKeys.ActiveBets;

        public TimeSpan Lifetime => RedisKeys.ActiveBetsLifetime;

        public async Task<(ReadOnlyMemory<byte> Value, int Items)> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
        {
            reading.Release();
            await goOn.WaitAsync(TimeSpan.FromSeconds(10), cancellation);
            return ("old"u8.ToArray(), 1);
        }
    }
}
