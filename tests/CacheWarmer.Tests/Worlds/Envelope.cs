using System.Text.Json;

namespace Betting.Tests.CacheWarmer.Worlds;

/// <summary>Debezium's envelope as the shipped settings write it, as far as the CacheWarmer reads it.</summary>
static class Envelope
{
    public static byte[] Of(Change change, uint transactionId, long commitLsn, long order) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                before = Row(change.Id, change.Before),
                after = Row(change.Id, change.After),
                source = new
                {
                    connector = "postgresql",
                    ts_ms = 1_800_000_000_000,
                    snapshot = change.Op == "r" ? "true" : "false",
                    sequence = $"[\"{commitLsn}\",\"{change.Lsn}\"]",
                    schema = "public",
                    table = "bets",
                    txId = transactionId,
                    lsn = change.Lsn,
                },
                transaction = new
                {
                    id = $"{transactionId}:{commitLsn}",
                    total_order = order,
                    data_collection_order = order,
                },
                op = change.Op,
                ts_ms = 1_800_000_000_000,
            }
        );

    static object? Row(long? id, string? status) =>
        status is null
            ? null
            : new
            {
                id,
                user_id = 1,
                event_id = 1,
                status,
                amount = "10.00",
                payout = (string?)null,
                placed_at = "2026-11-01T00:00:00.000000Z",
                settled_at = (string?)null,
            };
}
