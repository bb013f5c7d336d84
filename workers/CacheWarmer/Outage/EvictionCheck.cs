using Betting.CacheWarmer.Counters;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Outage;

/// <summary>
/// The exact counters have no lifetime. A Redis that evicts such keys when it is full would take single bets away, which
/// nothing could notice: so its policy is looked at, and said loudly where it is a wrong one.
/// </summary>
sealed class EvictionCheck(IConnectionMultiplexer redis, ILogger<EvictionCheck> log)
{
    // Through a script: the client holds INFO back as a command of administrators.
    const string Memory = "return redis.call('INFO', 'memory')";

    public async Task LookAsync()
    {
        var memory = (string?)await redis.GetDatabase().ScriptEvaluateAsync(Memory, [CounterKeys.Control]) ?? "";
        var policy = memory.Split('\n', StringSplitOptions.TrimEntries).FirstOrDefault(line => line.StartsWith("maxmemory_policy:", StringComparison.Ordinal))?.Split(':')[1];
        if (policy?.StartsWith("allkeys-", StringComparison.Ordinal) ?? false)
        {
            CacheWarmerLog.Eviction(log, policy);
        }
    }
}
