using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>
/// The shipped process on a live stream: whatever happens to it or to Redis, what readers see is PostgreSQL's count or nothing.
/// </summary>
[Collection("one Redis")]
public sealed class WarmerUnderFaults(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Killed_again_and_again_under_traffic_it_counts_what_postgres_counts()
    {
        await using var run = await RunAsync(await servers.RedisAsync());
        var random = new Random(7);
        for (var round = 0; round < 4; round++)
        {
            await using var warmer = run.Start();
            await run.TrafficAsync(random, steps: 60, again: round * 5);
            if (round == 2)
            {
                // A crash while nothing but the stream is at work, not only between start and first batch.
                await run.AgreedAsync(Limit);
                await run.TrafficAsync(random, steps: 30);
            }
            await warmer.KillAsync();
        }
        await using var last = run.Start();
        await run.World.EndAllAsync();
        run.Stream.Send(again: 20);
        await run.AgreedAsync(Limit);
    }

    [Fact]
    public async Task A_redis_flushed_in_the_middle_of_the_stream_is_filled_again()
    {
        await using var run = await RunAsync(await servers.RedisAsync());
        await using var warmer = run.Start();
        await run.TrafficAsync(new Random(3), steps: 60);
        await run.AgreedAsync(Limit);
        run.Parts.Flush();
        await run.TrafficAsync(new Random(4), steps: 30);
        await run.World.EndAllAsync();
        run.Stream.Send();
        await run.AgreedAsync(Limit);
    }

    [Fact]
    public async Task While_redis_is_away_the_stream_waits_and_nothing_is_lost()
    {
        var folder = Path.Combine(servers.Folder, "own-redis");
        await using var redis = new RedisServer(folder, FreePort.Take());
        await redis.StartAsync();
        await using var run = await RunAsync(redis);
        await using var warmer = run.Start();
        await run.TrafficAsync(new Random(5), steps: 40);
        await run.AgreedAsync(Limit);
        await redis.KillAsync();
        await run.TrafficAsync(new Random(6), steps: 60);
        await run.World.EndAllAsync();
        run.Stream.Send();
        await redis.StartAsync();
        await run.AgreedAsync(Limit);
        Assert.False(warmer.HasExited);
    }

    [Fact]
    public async Task A_dead_warmer_leaves_a_miss_and_never_an_old_number()
    {
        await using var run = await RunAsync(await servers.RedisAsync());
        await using var warmer = run.Start();
        await run.TrafficAsync(new Random(8), steps: 40);
        await run.World.EndAllAsync();
        run.Stream.Send();
        await run.AgreedAsync(Limit);
        await warmer.KillAsync();
        var database = run.Parts.Redis.GetDatabase();
        await Deadline.UntilAsync("the end of every public key", TimeSpan.FromSeconds(15), async () =>
        {
            var left = await Task.WhenAll(BetStatus.All.Select(status => database.KeyExistsAsync(RedisKeys.BetCount(status))));
            return !left.Contains(true) && !await database.KeyExistsAsync(RedisKeys.ActiveBets);
        });
    }

    async Task<WarmerRun> RunAsync(RedisServer redis)
    {
        var world = await BettingWorld.CreateAsync(servers, partitions: 3);
        var kafka = await servers.KafkaAsync();
        var parts = new WarmParts(world.Postgres, await WarmParts.ConnectAsync(redis.ConnectionString));
        parts.Flush();
        return new WarmerRun(world, await LiveStream.CreateAsync(kafka, world), parts, redis, kafka, servers.Folder);
    }
}

/// <summary>One database, its stream, one Redis, and the workers that a test starts on them.</summary>
sealed class WarmerRun(BettingWorld world, LiveStream stream, WarmParts parts, RedisServer redis, KafkaServer kafka, string folder)
    : IAsyncDisposable
{
    public BettingWorld World => world;
    public LiveStream Stream => stream;
    public WarmParts Parts => parts;

    public EngineProcess Start() =>
        WarmerProcess.Start(
            folder,
            world.Postgres.ConnectionString,
            redis.ConnectionString,
            kafka.BootstrapServers,
            $"--CacheWarmer:TopicPrefix={stream.Prefix}"
        );

    public async Task TrafficAsync(Random random, int steps, int again = 0)
    {
        for (var step = 0; step < steps; step++)
        {
            await world.StepAsync(random);
            stream.Send(step % 10 == 0 ? again : 0);
        }
    }

    /// <summary>Until readers see PostgreSQL's counts; a number that was never right fails by the deadline.</summary>
    public Task AgreedAsync(TimeSpan limit) => Deadline.UntilAsync("counters equal to PostgreSQL's", limit, async () =>
        {
            var expected = await world.CountsAsync();
            var database = parts.Redis.GetDatabase();
            foreach (var (status, bets) in expected)
            {
                var shown = await database.StringGetAsync(RedisKeys.BetCount(status));
                if (shown.IsNull || (long)shown != bets)
                {
                    throw new InvalidOperationException($"{status}: {shown}, PostgreSQL counts {bets}");
                }
            }
            return true;
        });

    public async ValueTask DisposeAsync()
    {
        stream.Dispose();
        await parts.Redis.DisposeAsync();
        await world.DisposeAsync();
    }
}
