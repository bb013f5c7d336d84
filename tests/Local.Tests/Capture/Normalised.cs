using System.Text.Json;
using System.Text.Json.Nodes;

namespace Betting.Tests.Local.Capture;

/// <summary>
/// Records of one run with what differs from run to run taken out: times become 0; LSNs and transaction ids become their rank
/// among those of the run, so that how they relate to each other still counts. Fields keep their order.
/// </summary>
static class Normalised
{
    public static Dictionary<string, List<string>> ByTopic(IReadOnlyCollection<RecordedRecord> records)
    {
        var streamed = records.Where(record => !record.Topic.Contains("heartbeat", StringComparison.Ordinal)).ToList();
        var lsns = new SortedSet<long>();
        var transactions = new SortedSet<long>();
        foreach (var record in streamed) Collect(record, lsns, transactions);
        var lsnRanks = lsns.Select((lsn, rank) => (lsn, rank)).ToDictionary(pair => pair.lsn, pair => pair.rank);
        var transactionRanks = transactions.Select((id, rank) => (id, rank)).ToDictionary(pair => pair.id, pair => pair.rank);
        return streamed.GroupBy(record => record.Topic)
            .ToDictionary(topic => topic.Key, topic => topic.Select(record => Line(record, lsnRanks, transactionRanks)).ToList());
    }

    static void Collect(RecordedRecord record, SortedSet<long> lsns, SortedSet<long> transactions)
    {
        if (record.Value is null) return;
        var json = record.Json;
        if (json.TryGetProperty("source", out var source))
        {
            lsns.Add(source.GetProperty("lsn").GetInt64());
            if (source.GetProperty("txId").ValueKind == JsonValueKind.Number) transactions.Add(source.GetProperty("txId").GetInt64());
            foreach (string? lsn in JsonSerializer.Deserialize<string?[]>(source.GetProperty("sequence").GetString()!)!)
                if (lsn is not null) lsns.Add(long.Parse(lsn, null));
        }
        else
        {
            long[] id = Id(json.GetProperty("id").GetString()!);
            transactions.Add(id[0]);
            lsns.Add(id[1]);
        }
    }

    static string Line(RecordedRecord record, Dictionary<long, int> lsns, Dictionary<long, int> transactions)
    {
        var key = record.Key is null ? null : JsonNode.Parse(record.Key);
        if (key?["id"] is JsonValue text && text.TryGetValue(out string? id)) key["id"] = Rank(id);
        var value = record.Value is null ? null : JsonNode.Parse(record.Value)!.AsObject();
        if (value is not null) Normalise(value);
        var headers = record.Headers.Where(header => header.Name != "epoch")
            .Select(header => header.Name.EndsWith("runId", StringComparison.Ordinal) ? header.Name : $"{header.Name}={header.Text}");
        return $"{key?.ToJsonString() ?? "-"} {value?.ToJsonString() ?? "-"} [{string.Join(' ', headers)}]";

        void Normalise(JsonObject value)
        {
            ZeroTimes(value);
            if (value["id"] is { } ofTransaction) value["id"] = Rank(ofTransaction.GetValue<string>());
            if (value["data_collections"] is JsonArray collections) value["data_collections"] = Sorted(collections);
            if (value["transaction"] is JsonObject transaction) transaction["id"] = Rank(transaction["id"]!.GetValue<string>());
            if (value["source"] is not JsonObject source) return;
            ZeroTimes(source);
            source["version"] = "";
            source["lsn"] = lsns[source["lsn"]!.GetValue<long>()];
            if (source["txId"] is { } txId) source["txId"] = transactions[txId.GetValue<long>()];
            string?[] sequence = JsonSerializer.Deserialize<string?[]>(source["sequence"]!.GetValue<string>())!;
            source["sequence"] = string.Join(' ', sequence.Select(lsn => lsn is null ? "null" : $"{lsns[long.Parse(lsn, null)]}"));
        }

        string Rank(string id)
        {
            long[] parts = Id(id);
            return $"{transactions[parts[0]]}:{lsns[parts[1]]}";
        }
    }

    static void ZeroTimes(JsonObject json)
    {
        foreach (string name in (string[])["ts_ms", "ts_us", "ts_ns"])
            if (json.ContainsKey(name)) json[name] = 0;
    }

    // Their order is that of a Java hash map; a message's collection has the hash of a Java object in its name.
    static JsonArray Sorted(JsonArray collections) => [.. collections
        .Select(collection => $"{collection!["data_collection"]!.GetValue<string>().Split('@')[0]} {collection["event_count"]}")
        .Order(StringComparer.Ordinal).Select(text => JsonValue.Create(text))];

    static long[] Id(string id) => [.. id.Split(':').Select(part => long.Parse(part, null))];
}
