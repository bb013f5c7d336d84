using System.Text.Json;

namespace Betting.CacheWarmer.Counters;

/// <summary>
/// What the counters stand on: one PostgreSQL snapshot, counted whole. Changes that it saw are in the numbers, all others
/// are added by version. Kept in Redis as JSON; gone with a flush, which is how a flush is noticed.
/// </summary>
/// <param name="Generation">Name of this base in keys; never used twice.</param>
/// <param name="Order">Grows from base to base: the WAL position at which it was begun, 16 hexadecimal digits.</param>
/// <param name="Epoch">Generation of the PostgreSQL cluster.</param>
/// <param name="Snapshot"><c>pg_current_snapshot()</c>.</param>
/// <param name="StartLsn">WAL position read before the snapshot was taken.</param>
/// <param name="EndLsn">WAL position read after it: what was written later cannot have been seen.</param>
/// <param name="Shards">Over how many slots the bets are spread.</param>
/// <param name="Buckets">How many hashes hold one shard's bets.</param>
public sealed record CounterBaseline(
    string Generation,
    string Order,
    int Epoch,
    string Snapshot,
    ulong StartLsn,
    ulong EndLsn,
    int Shards,
    int Buckets
)
{
    public string ToJson() => JsonSerializer.Serialize(this);

    public static CounterBaseline? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize<CounterBaseline>(json);
}
