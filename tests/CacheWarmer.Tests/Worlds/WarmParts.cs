using Betting.CacheWarmer;
using Betting.CacheWarmer.Counters;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Tests.CacheWarmer.Worlds;

/// <summary>The worker's parts on real stores, without its host.</summary>
sealed class WarmParts
{
    public WarmParts(NpgsqlDataSource postgres, IConnectionMultiplexer redis, int shards = 3)
    {
        Options = Microsoft.Extensions.Options.Options.Create(
            new CacheWarmerOptions { Shards = shards, SettleBeforeRebuild = TimeSpan.Zero }
        );
        Redis = redis;
        Store = new CounterStore(redis);
        Rebuild = new CounterRebuild(postgres, redis, Options, TimeProvider.System, NullLogger<CounterRebuild>.Instance);
        Keeper = new BaselineElection(Store, Rebuild, postgres, Options, TimeProvider.System);
    }

    public IOptions<CacheWarmerOptions> Options { get; }
    public IConnectionMultiplexer Redis { get; }
    public CounterStore Store { get; }
    public CounterRebuild Rebuild { get; }
    public BaselineElection Keeper { get; }

    public Replica NewReplica() => new(Store, Keeper);

    public async Task<SortedDictionary<string, long>> CountsAsync()
    {
        var at = await Store.LoadAsync();
        Assert.NotNull(at);
        var counts = await Store.ReadAsync(at);
        Assert.NotNull(counts);
        return new SortedDictionary<string, long>(
            counts.Counts.ToDictionary(count => count.Status, count => count.Bets),
            StringComparer.Ordinal
        );
    }

    public void Flush() => Redis.GetServer(Redis.GetEndPoints()[0]).FlushAllDatabases();

    public static async Task<IConnectionMultiplexer> ConnectAsync(string connectionString) =>
        await ConnectionMultiplexer.ConnectAsync(connectionString + ",allowAdmin=true");
}
