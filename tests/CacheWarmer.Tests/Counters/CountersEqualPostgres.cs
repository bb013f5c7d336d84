using Betting.Debezium;
using Betting.Tests.CacheWarmer.Worlds;
using Betting.Tests.Fixtures;

namespace Betting.Tests.CacheWarmer.Counters;

/// <summary>The property that all of it is for, over random lives of a database and of the workers beside it.</summary>
[Collection("one Redis")]
public sealed class CountersEqualPostgres(Servers servers)
{
    sealed class Crash : Exception;

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Whatever_is_redelivered_reordered_crashed_flushed_or_truncated(int seed)
    {
        var random = new Random(seed);
        await using var world = await BettingWorld.CreateAsync(servers, partitions: 3);
        using var redis = await WarmParts.ConnectAsync((await servers.RedisAsync()).ConnectionString);
        var parts = new WarmParts(world.Postgres, redis);
        parts.Flush();
        var replicas = Enumerable.Range(0, 3).Select(_ => parts.NewReplica()).ToList();
        var committed = new int[world.Log.Length];
        for (var round = 0; round < 5; round++)
        {
            // At most one loss a round: a new base makes good whatever went wrong before it, and would hide it.
            var loss = random.Next(80);
            for (var step = 0; step < 60; step++)
            {
                await world.StepAsync(random);
                if (step == loss)
                {
                    await LoseAsync(world, parts, random);
                }
                if (random.Next(2) == 0)
                {
                    await ConsumeAsync(world, committed, replicas, parts, random);
                }
            }
            await CompareAsync(world, committed, replicas, parts, random);
        }
        await world.EndAllAsync();
        await CompareAsync(world, committed, replicas, parts, random);
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    /// <summary>Everything committed so far is consumed, by whichever replica; transactions stay open meanwhile.</summary>
    static async Task CompareAsync(BettingWorld world, int[] committed, List<Replica> replicas, WarmParts parts, Random random)
    {
        parts.Rebuild.Reached = () => Task.CompletedTask;
        for (var partition = 0; partition < committed.Length; partition++)
        {
            Assert.True(
                await replicas[random.Next(replicas.Count)].TakeAsync(world.Log[partition][committed[partition]..], crashHalfWay: false)
            );
            committed[partition] = world.Log[partition].Count;
        }
        await replicas[0].CheckAsync();
        Assert.Equal(await world.CountsAsync(), await parts.CountsAsync());
    }

    static async Task LoseAsync(BettingWorld world, WarmParts parts, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                await world.TruncateAsync();
                break;
            case 1:
                await LoseOneShardAsync(parts, random);
                break;
            default:
                parts.Flush();
                break;
        }
    }

    static async Task ConsumeAsync(BettingWorld world, int[] committed, List<Replica> replicas, WarmParts parts, Random random)
    {
        var partition = random.Next(committed.Length);
        // Offsets lost: a rewind. A restarted connector sends again: what came before comes once more.
        var from = random.Next(6) == 0 ? random.Next(committed[partition] + 1) : committed[partition];
        List<StreamRecord> batch = world.Log[partition][from..Math.Min(world.Log[partition].Count, from + random.Next(20))];
        if (random.Next(5) == 0)
        {
            batch = [.. batch, .. batch];
        }
        var which = random.Next(replicas.Count);
        var stepsToFault = random.Next(4) > 0 ? random.Next(7) : int.MaxValue;
        parts.Rebuild.Reached = async () =>
        {
            // PostgreSQL goes on, and others with the base that they know, while a new one is built.
            for (var step = random.Next(4); step > 0; step--)
            {
                await world.StepAsync(random);
            }
            var other = random.Next(committed.Length);
            List<StreamRecord> more = world.Log[other][committed[other]..];
            if (random.Next(2) == 0 && await replicas[(which + 1) % replicas.Count].TryTakeAsync(more))
            {
                committed[other] += more.Count;
            }
            if (stepsToFault-- == 0)
            {
                await FaultAsync(parts, random);
            }
        };
        try
        {
            if (await replicas[which].TakeAsync(batch, crashHalfWay: random.Next(6) == 0))
            {
                committed[partition] = Math.Max(committed[partition], from + batch.Distinct().Count());
            }
        }
        catch (Crash)
        {
            replicas[which] = parts.NewReplica();
        }
    }

    /// <summary>A replica may die at any step of a rebuild, and Redis may be flushed there.</summary>
    static Task FaultAsync(WarmParts parts, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                throw new Crash();
            case 1:
                parts.Flush();
                return Task.CompletedTask;
            default:
                return LoseOneShardAsync(parts, random);
        }
    }

    /// <summary>In a cluster one node may come back empty while the others hold their keys.</summary>
    static async Task LoseOneShardAsync(WarmParts parts, Random random)
    {
        var shard = random.Next(parts.Options.Value.Shards);
        var server = parts.Redis.GetServer(parts.Redis.GetEndPoints()[0]);
        await foreach (var key in server.KeysAsync(pattern: $"cache-warmer:{{{shard}}}:*"))
        {
            await parts.Redis.GetDatabase().KeyDeleteAsync(key);
        }
    }
}
