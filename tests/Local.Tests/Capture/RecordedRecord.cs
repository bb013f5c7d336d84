using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Betting.Tests.Fixtures;
using Confluent.Kafka;

namespace Betting.Tests.Local.Capture;

/// <summary>A record of one topic, recorded from the real connector or read from ours.</summary>
sealed record RecordedRecord(string Topic, string? Key, string? Value, IReadOnlyList<(string Name, string Text)> Headers)
{
    public static List<RecordedRecord> Recorded(string scenario)
    {
        using var file = new StreamReader(new GZipStream(File.OpenRead(Recordings.File(scenario)), CompressionMode.Decompress));
        var records = new List<RecordedRecord>();
        while (file.ReadLine() is { Length: > 0 } line)
        {
            var node = JsonNode.Parse(line)!;
            records.Add(
                new RecordedRecord(
                    node["topic"]!.GetValue<string>(),
                    node["key"]?.GetValue<string>(),
                    node["value"]?.GetValue<string>(),
                    [.. node["headers"]!.AsArray().Select(header => (header![0]!.GetValue<string>(), header[1]!.GetValue<string>()))]
                )
            );
        }
        return records;
    }

    /// <summary>One of ours, with the prefix and the database of the recordings in the place of its own.</summary>
    public static RecordedRecord From(ConsumeResult<string?, string?> result, Stage stage)
    {
        return new RecordedRecord(
            result.Topic.Replace(stage.Prefix, "betting", StringComparison.Ordinal),
            Renamed(result.Message.Key),
            Renamed(result.Message.Value),
            [.. result.Message.Headers.Select(header => (header.Key, Text(header) is var text && text == stage.Prefix ? "betting" : text))]
        );

        string? Renamed(string? text) =>
            text
                ?.Replace($"\"name\":\"{stage.Prefix}\"", "\"name\":\"betting\"", StringComparison.Ordinal)
                .Replace($"\"serverName\":\"{stage.Prefix}\"", "\"serverName\":\"betting\"", StringComparison.Ordinal)
                .Replace($"\"db\":\"{stage.Database}\"", "\"db\":\"betting\"", StringComparison.Ordinal);

        static string Text(IHeader header) => System.Text.Encoding.UTF8.GetString(header.GetValueBytes());
    }

    public JsonElement Json => JsonDocument.Parse(Value!).RootElement;
}
