using System.Globalization;
using Betting.CacheWarmer.Outage;
using Betting.Contracts;
using Betting.Hosting;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Counters;

/// <summary>
/// The heartbeat that keeps <c>bet_count:{status}</c> alive. The exact counters have no lifetime and are never read by
/// anybody else; what readers see is this copy, which is gone ten seconds after the last moment at which it was known to be right.
/// </summary>
sealed class CounterPublisher(
    CounterStore store,
    IConnectionMultiplexer redis,
    StoreRetry patience,
    Heartbeats heartbeats,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock
) : IWorkerLoop
{
    public string Name => "counters";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            await patience.OnceAsync(Name, PublishAsync, stopping);
            await Task.Delay(options.Value.PublishEvery, clock, stopping);
        }
    }

    internal async Task PublishAsync()
    {
        if (
            await store.LoadAsync() is not { } at
            || !await store.IsFreshAsync(RedisKeys.BetCountLifetime)
            || await store.ReadAsync(at) is not { } counts
        )
        {
            return;
        }
        await Task.WhenAll(
            counts.Counts.Select(count =>
                PublicKey.WriteAsync(
                    redis.GetDatabase(),
                    RedisKeys.BetCount(count.Status),
                    count.Bets.ToString(CultureInfo.InvariantCulture),
                    counts.Version,
                    RedisKeys.BetCountLifetime
                )
            )
        );
    }
}
