namespace Betting.Contracts;

/// <summary>Redis keys and their lifetimes: the contract between the CacheWarmer and every reader.</summary>
public static class RedisKeys
{
    /// <summary>The latest open bets, newest first, as one JSON array.</summary>
    public const string ActiveBets = "active_bets:limit_100";
    public const int ActiveBetsLimit = 100;
    public static readonly TimeSpan ActiveBetsLifetime = TimeSpan.FromSeconds(5);

    /// <summary>How many bets stand in <paramref name="status"/>; a decimal integer.</summary>
    public static string BetCount(string status) => $"bet_count:{status}";

    public static readonly TimeSpan BetCountLifetime = TimeSpan.FromSeconds(10);

    public const string EventCatalog = "event_catalog";
    public static readonly TimeSpan EventCatalogLifetime = TimeSpan.FromSeconds(60);
}
