using System.Globalization;

namespace Betting.CacheWarmer.Counters;

/// <summary>
/// The counters' own keys, without lifetime. The part in braces makes all keys of one shard stand in one Redis Cluster
/// slot, so that a script can move them together.
/// </summary>
static class CounterKeys
{
    /// <summary>Bets in one hash: Redis keeps hashes of up to 128 small entries in a compact form, a fifth of the memory.</summary>
    const int BetsPerBucket = 64;

    /// <summary>The base in force and the one being built.</summary>
    public const string Control = "cache-warmer:{control}:base";

    /// <summary>When each partition of the bets topic was last known to be followed closely.</summary>
    public const string Fresh = "cache-warmer:{control}:fresh";

    /// <summary>A shard's generation, positions in the stream, and number of the last step.</summary>
    public static string Meta(int shard) => string.Create(CultureInfo.InvariantCulture, $"cache-warmer:{{{shard}}}:meta");

    /// <summary>A shard's bets by status code.</summary>
    public static string Counts(string generation, int shard) =>
        string.Create(CultureInfo.InvariantCulture, $"cache-warmer:{{{shard}}}:{generation}:counts");

    /// <summary>A part of a shard's bets: id → status code and version.</summary>
    public static string Bucket(string generation, int shard, int bucket) =>
        string.Create(CultureInfo.InvariantCulture, $"cache-warmer:{{{shard}}}:{generation}:{bucket}");

    public static (int Shard, int Bucket) Place(CounterBaseline at, long betId)
    {
        var hash = Mix((ulong)betId);
        return ((int)((hash >> 32) % (uint)at.Shards), (int)((uint)hash % (uint)at.Buckets));
    }

    /// <summary>Buckets of one shard for a table of <paramref name="bets"/> rows, with room to double.</summary>
    public static int BucketsFor(long bets, int shards) => (int)Math.Clamp(bets * 2 / BetsPerBucket / shards, 16, 1 << 24);

    // The finaliser of splitmix64: ids that follow each other spread evenly.
    static ulong Mix(ulong id)
    {
        id = (id ^ id >> 30) * 0xBF58476D1CE4E5B9;
        id = (id ^ id >> 27) * 0x94D049BB133111EB;
        return id ^ id >> 31;
    }
}
