using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Betting.Contracts;
using Npgsql;

namespace Betting.CacheWarmer.Fills;

/// <summary>
/// <c>active_bets:limit_100</c>: the 100 latest OPEN bets, newest first, as a JSON array of
/// <c>{"betId":1,"userId":2,"eventId":3,"amount":"100.00","placedAt":"2026-11-22T12:00:00.000000Z"}</c>.
/// Money is text, times are UTC with microseconds.
/// </summary>
sealed class ActiveBetsFill : IKeyFill
{
    /// <summary>The status is no parameter: a plan for any status could not use the index of OPEN bets.</summary>
    public const string Query = $"""
        SELECT id, user_id, event_id, amount, placed_at FROM bets
        WHERE status = '{BetStatus.Open}' AND isfinite(placed_at) ORDER BY placed_at DESC, id DESC LIMIT $1
        """;

    public string Key => RedisKeys.ActiveBets;

    public TimeSpan Lifetime => RedisKeys.ActiveBetsLifetime;

    public async Task<(ReadOnlyMemory<byte> Value, int Items)> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Query, connection) { Parameters = { new() { Value = RedisKeys.ActiveBetsLimit } } };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var json = new ArrayBufferWriter<byte>(16 * 1024);
        var items = 0;
        await using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartArray();
            for (; await rows.ReadAsync(cancellation); items++)
            {
                writer.WriteStartObject();
                writer.WriteNumber("betId", rows.GetInt64(0));
                writer.WriteNumber("userId", rows.GetInt64(1));
                writer.WriteNumber("eventId", rows.GetInt64(2));
                writer.WriteString("amount", rows.GetDecimal(3).ToString("F2", CultureInfo.InvariantCulture));
                writer.WriteString("placedAt", UtcText.Of(rows.GetDateTime(4)));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return (json.WrittenMemory, items);
    }
}
