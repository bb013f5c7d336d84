using Betting.CacheWarmer.Counters;
using StackExchange.Redis;

namespace Betting.CacheWarmer;

/// <summary>A key that readers know, with the version of its value beside it.</summary>
static class PublicKey
{
    /// <summary>Writes the value with its lifetime unless a newer one stands there.</summary>
    /// <returns>False if a newer one does.</returns>
    public static async Task<bool> WriteAsync(IDatabase database, string key, RedisValue value, string version, TimeSpan lifetime) =>
        (bool)
            await database.ScriptEvaluateAsync(
                CounterScripts.Publish,
                [key, VersionOf(key)],
                [value, version, (long)lifetime.TotalMilliseconds]
            );

    /// <summary>The braces put it into the slot of the key itself.</summary>
    public static string VersionOf(string key) => $"{{{key}}}:version";

    /// <summary>Held by the replica that fills the key.</summary>
    public static string FillerOf(string key) => $"{{{key}}}:filler";
}
