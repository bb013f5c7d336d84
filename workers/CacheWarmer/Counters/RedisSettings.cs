using System.Globalization;
using Betting.CacheWarmer.Outage;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Counters;

/// <summary>
/// The exact counters have no lifetime. A Redis that evicts such keys when its memory is full would take single bets away, which nothing
/// could notice: so the policy of every server that holds counters is looked at, once a minute. An outage is told by whoever works with
/// Redis.
/// </summary>
sealed class RedisSettings(
    IConnectionMultiplexer redis,
    IOptions<CacheWarmerOptions> options,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<RedisSettings> log
) : IWorkerLoop
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "redis-settings";

    static readonly TimeSpan Every = TimeSpan.FromMinutes(1),
        Soon = TimeSpan.FromSeconds(1),
        Beat = TimeSpan.FromSeconds(5);

    // Through a script: the client holds INFO back as a command of administrators, and a script goes where its key is.
    const string Memory = "return redis.call('INFO', 'memory')";

    readonly SettingWatch _watch = new(Stores.Redis, Condition, readiness, log);

    public string Name => "redis-settings";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            var pause = await PollAsync(stopping) ? Every : Soon;
            for (var started = clock.GetTimestamp(); clock.GetElapsedTime(started) < pause; )
            {
                heartbeats.Beat(Name);
                await Task.Delay(pause < Beat ? pause : Beat, clock, stopping);
            }
        }
    }

    /// <summary>One line for a server that may evict what has no lifetime; null for one that does not.</summary>
    /// <param name="memory">What <c>INFO memory</c> answers.</param>
    public static string? WhatIsBroken(string memory)
    {
        var policy = Field(memory, "maxmemory_policy:");
        // Without a limit of memory nothing is evicted.
        var isLimited =
            long.TryParse(Field(memory, "maxmemory:"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0;
        return isLimited && (policy?.StartsWith("allkeys-", StringComparison.Ordinal) ?? false)
            ? $"maxmemory-policy is {policy}: keys without a lifetime are evicted, and counters become wrong; use a volatile-* policy "
                + $"or noeviction"
            : null;
    }

    // True where all servers answered and none of them breaks the promise.
    async Task<bool> PollAsync(CancellationToken stopping)
    {
        heartbeats.Beat(Name);
        try
        {
            RedisKey[] keys =
            [
                CounterKeys.Control,
                .. Enumerable.Range(0, options.Value.Shards).Select(shard => (RedisKey)CounterKeys.Meta(shard)),
            ];
            var memories = await Task.WhenAll(keys.Select(key => redis.GetDatabase().ScriptEvaluateAsync(Memory, [key])));
            var broken = memories.Select(memory => WhatIsBroken((string?)memory ?? "")).OfType<string>().Distinct().ToList();
            _watch.Saw(broken);
            return broken.Count == 0;
        }
        catch (Exception away) when (RedisTrouble.Is(away) && !stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    static string? Field(string memory, string name) =>
        memory
            .Split('\n', StringSplitOptions.TrimEntries)
            .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?[name.Length..];
}
