using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Betting.Contracts;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.CacheWarmer.Fills;

/// <summary>
/// <c>event_catalog</c>: events that are not finished, the earliest first, as a JSON array of
/// <c>{"eventId":1,"name":"…","category":"…","startTime":"2026-11-22T12:00:00.000000Z","status":"SCHEDULED"}</c>.
/// </summary>
sealed class EventCatalogFill(IOptions<CacheWarmerOptions> options) : IKeyFill
{
    public string Key => RedisKeys.EventCatalog;

    public TimeSpan Lifetime => RedisKeys.EventCatalogLifetime;

    public async Task<(ReadOnlyMemory<byte> Value, int Items)> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id, name, category, start_time, status FROM events
            WHERE status <> $1 AND isfinite(start_time) ORDER BY start_time, id LIMIT $2
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = EventStatus.Finished },
                new() { Value = options.Value.CatalogLimit },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var json = new ArrayBufferWriter<byte>(64 * 1024);
        var items = 0;
        // Names stay readable: the value is no part of a web page.
        await using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            for (; await rows.ReadAsync(cancellation); items++)
            {
                writer.WriteStartObject();
                writer.WriteNumber("eventId", rows.GetInt64(0));
                writer.WriteString("name", rows.GetString(1));
                writer.WriteString("category", rows.GetString(2));
                writer.WriteString("startTime", UtcText.Of(rows.GetDateTime(3)));
                writer.WriteString("status", rows.GetString(4));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return (json.WrittenMemory, items);
    }
}
