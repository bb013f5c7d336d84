using System.Text.Json;
using System.Text.Json.Nodes;

namespace Betting.Tests.Local.Capture;

/// <summary>
/// Records of one run with what differs from run to run taken out: times become 0; LSNs and transaction ids become their rank
/// among those of the run, so that how they relate to each other still counts. Fields keep their order.
/// </summary>
/// <remarks>
/// Changes and ends of transactions are ranked apart: whether a transaction begins exactly where the one before it ended depends on
/// what else the server wrote in between. A message outside a transaction counts as an end.
/// </remarks>
static class Normalised
{
    public static Dictionary<string, List<string>> ByTopic(IReadOnlyCollection<RecordedRecord> records)
    {
        var streamed = records.Where(record => !record.Topic.Contains("heartbeat", StringComparison.Ordinal)).ToList();
        var ranks = new Ranks();
        foreach (var record in streamed)
            Collect(record, ranks);
        return streamed
            .GroupBy(record => record.Topic)
            .ToDictionary(topic => topic.Key, topic => topic.Select(record => Line(record, ranks)).ToList());
    }

    static void Collect(RecordedRecord record, Ranks ranks)
    {
        if (record.Value is null)
            return;
        var json = record.Json;
        if (json.TryGetProperty("source", out var source))
        {
            var id = source.GetProperty("txId");
            if (id.ValueKind == JsonValueKind.Number)
                ranks.Transactions.Add(id.GetInt64());
            (id.ValueKind == JsonValueKind.Number ? ranks.Changes : ranks.Ends).Add(source.GetProperty("lsn").GetInt64());
        }
        else
        {
            long[] id = Id(json.GetProperty("id").GetString()!);
            ranks.Transactions.Add(id[0]);
            (IsEnd(json.GetProperty("status").GetString()) ? ranks.Ends : ranks.Changes).Add(id[1]);
        }
    }

    static string Line(RecordedRecord record, Ranks ranks)
    {
        var key = record.Key is null ? null : JsonNode.Parse(record.Key);
        var value = record.Value is null ? null : JsonNode.Parse(record.Value)!.AsObject();
        var ids = IsEnd(value?["status"]?.GetValue<string>()) ? ranks.Ends : ranks.Changes;
        if (key?["id"] is JsonValue text && text.TryGetValue(out string? id))
            key["id"] = Rank(id, ids);
        if (value is not null)
            Normalise(value);
        var headers = record
            .Headers.Where(header => header.Name != "epoch")
            .Select(header => header.Name.EndsWith("runId", StringComparison.Ordinal) ? header.Name : $"{header.Name}={header.Text}");
        return $"{key?.ToJsonString() ?? "-"} {value?.ToJsonString() ?? "-"} [{string.Join(' ', headers)}]";

        void Normalise(JsonObject value)
        {
            ZeroTimes(value);
            if (value["id"] is { } ofTransaction)
                value["id"] = Rank(ofTransaction.GetValue<string>(), ids);
            if (value["data_collections"] is JsonArray collections)
                value["data_collections"] = Sorted(collections);
            if (value["transaction"] is JsonObject transaction)
                transaction["id"] = Rank(transaction["id"]!.GetValue<string>(), ranks.Changes);
            if (value["source"] is JsonObject source)
                NormaliseSource(source);
        }

        void NormaliseSource(JsonObject source)
        {
            ZeroTimes(source);
            source["version"] = "";
            var own = source["txId"] is null ? ranks.Ends : ranks.Changes;
            string?[] sequence = JsonSerializer.Deserialize<string?[]>(source["sequence"]!.GetValue<string>())!;
            string commit = sequence[0] is { } last ? $"{Ranks.Of(long.Parse(last, null), ranks.Ends)}" : "null";
            source["sequence"] = $"{commit} {Ranks.Of(long.Parse(sequence[1]!, null), own)}";
            source["lsn"] = Ranks.Of(source["lsn"]!.GetValue<long>(), own);
            if (source["txId"] is { } txId)
                source["txId"] = Ranks.Of(txId.GetValue<long>(), ranks.Transactions);
        }

        string Rank(string id, SortedSet<long> lsns)
        {
            long[] parts = Id(id);
            return $"{Ranks.Of(parts[0], ranks.Transactions)}:{Ranks.Of(parts[1], lsns)}";
        }
    }

    static bool IsEnd(string? status) => status == "END";

    static void ZeroTimes(JsonObject json)
    {
        foreach (string name in (string[])["ts_ms", "ts_us", "ts_ns"])
            if (json.ContainsKey(name))
                json[name] = 0;
    }

    // Their order is that of a Java hash map; a message's collection has the hash of a Java object in its name.
    static JsonArray Sorted(JsonArray collections) =>
        [
            .. collections
                .Select(collection => $"{collection!["data_collection"]!.GetValue<string>().Split('@')[0]} {collection["event_count"]}")
                .Order(StringComparer.Ordinal)
                .Select(text => JsonValue.Create(text)),
        ];

    static long[] Id(string id) => [.. id.Split(':').Select(part => long.Parse(part, null))];

    sealed class Ranks
    {
        public SortedSet<long> Changes { get; } = [];

        public SortedSet<long> Ends { get; } = [];

        public SortedSet<long> Transactions { get; } = [];

        public static int Of(long value, SortedSet<long> among) =>
            among.Contains(value)
                ? among.GetViewBetween(long.MinValue, value).Count
                : throw new InvalidDataException($"{value} is nowhere else in the run");
    }
}
