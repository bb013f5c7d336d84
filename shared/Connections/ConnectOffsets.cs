using System.Net;
using System.Text.Json;

namespace Betting.Connections;

/// <summary>What Kafka Connect has stored for a connector and its topic prefix.</summary>
/// <param name="IsThere">False where nothing is stored: the connector has not begun, or it is another one.</param>
/// <param name="Lsn">What precedes it is in the topics; null during a snapshot.</param>
/// <param name="Epoch">Of the log that it is a position in; null where the connector's settings do not tell it.</param>
public readonly record struct StoredPosition(bool IsThere, ulong? Lsn, int? Epoch = null)
{
    public static StoredPosition None => default;
}

/// <summary>
/// Asks Kafka Connect for the position that it has stored for a connector (<c>GET /connectors/NAME/offsets</c>, Kafka 3.5 or later), and by
/// the connector's settings for the epoch of its log: positions of two clusters say nothing of each other.
/// Connect stores a position only after the brokers acknowledged every record before it, so what precedes it in PostgreSQL's log is in
/// the topics. The slot's <c>confirmed_flush_lsn</c> does not say that: it can be ahead of the brokers.
/// </summary>
public sealed class ConnectOffsets(ConnectOptions options, string topicPrefix) : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // Settings and positions have some kilobytes.
    const int MaxBytes = 1 << 20;

    readonly HttpClient _http = new() { Timeout = Limit, MaxResponseContentBufferSize = MaxBytes };

    /// <summary>False where no Connect is configured: then nothing is asked.</summary>
    public bool IsKnown => options.IsKnown;

    /// <returns>The stored position; <see cref="StoredPosition.None"/> where none is stored.</returns>
    /// <exception cref="HttpRequestException">Connect does not answer, or does not know the connector.</exception>
    /// <exception cref="TaskCanceledException">It does not answer in time.</exception>
    /// <exception cref="JsonException">It is not Connect that answers.</exception>
    public async Task<StoredPosition> StoredAsync(CancellationToken cancellation)
    {
        // The settings first: a position that is stored later is of this epoch or of a later one, which its watermarks tell.
        var epoch = await EpochAsync(cancellation);
        using var offsets = await AskAsync("offsets", cancellation);
        return Stored(offsets.RootElement, topicPrefix) with { Epoch = epoch };
    }

    /// <param name="answer">
    /// Connect's answer to <c>GET /connectors/NAME/config</c>: one object of settings. It may hold secrets, also in the names of settings.
    /// </param>
    /// <exception cref="JsonException">It is not Connect that answers.</exception>
    public static Dictionary<string, string> SettingsOf(JsonElement answer) =>
        answer.ValueKind != JsonValueKind.Object
            ? throw new JsonException("The answer has no settings.")
            : answer
                .EnumerateObject()
                .Where(each => each.Value.ValueKind != JsonValueKind.Null)
                .GroupBy(each => each.Name, StringComparer.Ordinal)
                .ToDictionary(each => each.Key, each => each.Last().Value.ToString(), StringComparer.Ordinal);

    /// <param name="answer">Connect's answer.</param>
    /// <param name="topicPrefix">The connector's <c>topic.prefix</c>: an older one may have left a position of its own.</param>
    public static StoredPosition Stored(JsonElement answer, string topicPrefix)
    {
        if (!Is(answer, "offsets", JsonValueKind.Array, out var offsets))
        {
            throw new JsonException("The answer has no offsets.");
        }
        foreach (var each in offsets.EnumerateArray())
        {
            if (
                Is(each, "partition", JsonValueKind.Object, out var partition)
                && Is(partition, "server", JsonValueKind.String, out var server)
                && server.GetString() == topicPrefix
                && Is(each, "offset", JsonValueKind.Object, out var offset)
            )
            {
                return new StoredPosition(IsThere: true, LsnOf(offset));
            }
        }
        return StoredPosition.None;
    }

    /// <summary>What a failed question means, in a few words.</summary>
    public static string DetailOf(Exception failure) =>
        failure switch
        {
            HttpRequestException { StatusCode: { } status } => $"it answers {(int)status}",
            HttpRequestException => Network.Describe(failure),
            JsonException => "an answer that is none of Kafka Connect's",
            _ => "no answer in time",
        };

    public void Dispose() => _http.Dispose();

    async Task<int?> EpochAsync(CancellationToken cancellation)
    {
        try
        {
            using var settings = await AskAsync("config", cancellation);
            return ConnectorEpoch.Of(SettingsOf(settings.RootElement));
        }
        catch (HttpRequestException refused)
            when (refused.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized or HttpStatusCode.MethodNotAllowed)
        {
            // A proxy may let nobody see the settings.
            return null;
        }
    }

    async Task<JsonDocument> AskAsync(string what, CancellationToken cancellation)
    {
        using var answer = await _http.GetAsync(
            new Uri(options.Url!, $"/connectors/{Uri.EscapeDataString(options.Connector)}/{what}"),
            cancellation
        );
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
    }

    static ulong? LsnOf(JsonElement offset) =>
        IsBehindSnapshot(offset) && Is(offset, "lsn", JsonValueKind.Number, out var lsn) && lsn.TryGetUInt64(out var stored)
            ? stored
            : null;

    // During a snapshot the position is the snapshot's, whatever of its rows has been sent: it carries the field until it is complete.
    // After a blocking snapshot that was cut off, every position of the stream carries it as well, with the kind of message that it is
    // behind; that is processed whole, while a snapshot's position is ahead of what the stream has processed (Debezium 3.6).
    static bool IsBehindSnapshot(JsonElement offset) =>
        !offset.TryGetProperty("snapshot", out var snapshot)
        || snapshot.ValueKind is JsonValueKind.Null or JsonValueKind.False
        || IsTrue(offset, "snapshot_completed")
        || IsTrue(offset, "last_snapshot_record")
        || IsStreamed(offset);

    static bool IsStreamed(JsonElement offset) =>
        Is(offset, "messageType", JsonValueKind.String, out _)
        && Is(offset, "lsn", JsonValueKind.Number, out var lsn)
        && Is(offset, "lsn_proc", JsonValueKind.Number, out var processed)
        && lsn.TryGetUInt64(out var at)
        && processed.TryGetUInt64(out var done)
        && at <= done;

    static bool IsTrue(JsonElement offset, string name) =>
        offset.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    static bool Is(JsonElement parent, string name, JsonValueKind kind, out JsonElement value)
    {
        value = default;
        return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out value) && value.ValueKind == kind;
    }
}
