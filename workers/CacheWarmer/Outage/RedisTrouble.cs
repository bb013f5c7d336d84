using StackExchange.Redis;

namespace Betting.CacheWarmer.Outage;

/// <summary>What the client throws where Redis is away or does not take a command.</summary>
static class RedisTrouble
{
    /// <summary>
    /// A cancellation is one as well: the client takes no token, and cancels what waits on a connection that it gives up. The caller says
    /// whether the worker is asked to stop.
    /// </summary>
    public static bool Is(Exception failure) =>
        failure is RedisException or RedisTimeoutException or RedisCommandException or OperationCanceledException;
}
