using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Betting.Debezium;
using Betting.Tests.Fixtures;

namespace Betting.Tests.CdcSink.Proof;

/// <summary>Records of all recordings, each changed by accident or malice in one to three ways: the same ones for the same seed.</summary>
sealed class Fuzz(int seed)
{
    static readonly List<StreamRecord[]> Recorded =
    [
        .. Directory
            .EnumerateFiles(Recordings.Folder, "*.jsonl.gz")
            .Order(StringComparer.Ordinal)
            .Select(file => Archive.Read(file).ToArray()),
    ];

    static readonly string[] Topics =
    [
        .. Recorded.SelectMany(records => records).Select(record => record.Topic).Distinct(),
        "bets",
        "",
        ".",
        "betting.public.",
        "betting.public.bets.dead-letter",
        "betting.public.parlays",
        "__debezium-heartbeat",
        "überall.bets",
    ];

    static readonly string[] Fields =
    [
        "before",
        "after",
        "source",
        "op",
        "ts_ms",
        "transaction",
        "lsn",
        "sequence",
        "txId",
        "snapshot",
        "table",
        "id",
        "user_id",
        "event_id",
        "status",
        "amount",
        "payout",
        "placed_at",
        "settled_at",
        "name",
        "created_at",
        "category",
        "start_time",
        "schema",
        "payload",
        "fields",
        "field",
        "scale",
        "value",
        "prefix",
        "content",
        "message",
        "__op",
        "__lsn",
        "__deleted",
        "__table",
        "__source_ts_ms",
        "total_order",
        "ts_us",
        "parameters",
    ];

    static readonly string[] Values =
    [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "-0",
        "1e400",
        "1e-400",
        "-1e5",
        "1.005",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551616",
        "99999999999999999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000000000001",
        "72057594037927935",
        "72057594037927936",
        "\"\"",
        "\" \"",
        "\"null\"",
        "\"NaN\"",
        "\"NAN\"",
        "\"POSITIVE_INFINITY\"",
        "\"-Infinity\"",
        "\"infinity\"",
        "\"-infinity\"",
        "\"1e2\"",
        "\"C+o=\"",
        "\"1234\"",
        "\"////\"",
        "\"__debezium_unavailable_value\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "\"\\x\"",
        "\"٣\"",
        "\"c\"",
        "\"u\"",
        "\"d\"",
        "\"r\"",
        "\"t\"",
        "\"m\"",
        "\"x\"",
        "\"cc\"",
        "[]",
        "{}",
        "[[1]]",
        "{\"id\":1}",
        "{\"scale\":3,\"value\":\"GG8=\"}",
        "{\"scale\":-1,\"value\":\"\"}",
        "{\"scale\":19999,\"value\":\"AQ==\"}",
        "{\"scale\":0,\"value\":\"AP///////////////////w==\"}",
        "\"2026-01-01T00:00:00Z\"",
        "\"2026-13-01T00:00:00Z\"",
        "\"+294276-12-31T23:59:59.999999Z\"",
        "\"-4713-01-01T00:00:00Z\"",
        "\"9999999-01-01T00:00:00Z\"",
        "\"2026-01-01T00:00:00+19:00\"",
        "\"[\\\"1\\\",\\\"2\\\"]\"",
        "\"[null,\\\"99999999999999999999999\\\"]\"",
        "\"first\"",
        "\"last\"",
        "\"incremental\"",
        "\"users\"",
        "\"bets\"",
        "\"events\"",
        "\"fence\"",
    ];

    static readonly string[] Epochs =
    [
        "0",
        "1",
        "2",
        "63",
        "64",
        "-1",
        "\"2\"",
        "",
        " 3 ",
        "two",
        "99999999999999999999",
        "1.5",
        "\"\"\"",
        "\u0001",
    ];

    readonly Random _random = new(seed);
    long _offset;

    public StreamRecord Next()
    {
        var record = Any(Any(Recorded)) with { Offset = _offset++ };
        for (var times = _random.Next(10) == 0 ? 0 : _random.Next(1, 4); times > 0; times--)
        {
            record = Changed(record);
        }
        return record;
    }

    StreamRecord Changed(StreamRecord record) =>
        _random.Next(23) switch
        {
            0 or 1 => record with { Value = Flipped(record.Value) },
            2 => record with { Value = record.Value?[.._random.Next(record.Value.Length + 1)] },
            3 => record with { Value = Inserted(record.Value, [(byte)_random.Next(0x80, 0x100)]) },
            4 or 5 => record with { Value = WithField(record.Value, Any(Fields), Any(Values)) },
            6 or 7 or 8 => record with { Value = WithValue(record.Value, Any(Fields), Any(Values)) },
            9 => record with { Value = WithValue(record.Value, Any(Fields), Nested()) },
            10 => record with { Value = Rebuilt(record.Value, Without) },
            11 => record with { Value = Rebuilt(record.Value, Reordered) },
            12 => record with { Topic = Any(Topics) },
            13 => record with
            {
                Headers =
                [
                    .. record.Headers,
                    new RecordHeader("epoch", _random.Next(10) == 0 ? null : Encoding.UTF8.GetBytes(Any(Epochs))),
                ],
            },
            14 => record with { Key = Key(record) },
            15 => record with { Value = _random.Next(2) == 0 ? null : "null"u8.ToArray() },
            16 => record with { Value = Rewrapped(record.Value) },
            18 => record with
            {
                TimestampMs = _random.Next(4) switch
                {
                    0 => -1,
                    1 => long.MinValue,
                    2 => long.MaxValue,
                    _ => _random.NextInt64(),
                },
            },
            19 or 20 => record with { Headers = [.. record.Headers, Header()] },
            21 => _random.Next(20) > 0
                ? record
                : record with
                {
                    Key = new byte[_random.Next(1_000_000)],
                    Headers = [.. record.Headers, new RecordHeader("huge", new byte[_random.Next(1_000_000)])],
                },
            17 => record with { Partition = _random.Next(-1, 5), Value = Any(Any(Recorded)).Value },
            _ => record with { Value = _random.Next(4) == 0 ? Noise() : Flipped(Flipped(record.Value)) },
        };

    /// <summary>A name and a value of any bytes, as Kafka lets everybody write; also one that putting aside writes itself.</summary>
    RecordHeader Header() =>
        new(
            _random.Next(5) switch
            {
                0 => "",
                1 => "dead-letter.reason",
                2 => "dead-letter-replays",
                3 => Encoding.UTF8.GetString(Noise()),
                _ => new string('n', _random.Next(3000)),
            },
            _random.Next(3) == 0 ? null : Noise()
        );

    byte[]? Key(in StreamRecord record) =>
        _random.Next(6) switch
        {
            0 => null,
            1 => [],
            2 => Noise(),
            3 => Encoding.UTF8.GetBytes($"{{\"id\":{Any(Values)}}}"),
            4 => Any(Any(Recorded)).Key,
            _ => Flipped(record.Key),
        };

    byte[] Noise()
    {
        var noise = new byte[_random.Next(200)];
        _random.NextBytes(noise);
        return noise;
    }

    byte[]? Flipped(byte[]? bytes)
    {
        if (bytes is not { Length: > 0 })
        {
            return bytes;
        }
        var flipped = bytes.ToArray();
        for (var times = _random.Next(1, 4); times > 0; times--)
        {
            flipped[_random.Next(flipped.Length)] ^= (byte)(1 << _random.Next(8));
        }
        return flipped;
    }

    byte[]? Inserted(byte[]? bytes, byte[] what)
    {
        if (bytes is null)
        {
            return null;
        }
        var at = _random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. what, .. bytes[at..]];
    }

    /// <summary>A field more behind some opening brace: often one that is there already.</summary>
    byte[]? WithField(byte[]? value, string field, string json)
    {
        var braces = value is null ? [] : Enumerable.Range(0, Math.Min(value.Length, 4000)).Where(at => value[at] == '{').ToList();
        if (braces.Count == 0)
        {
            return value;
        }
        var at = Any(braces) + 1;
        return [.. value![..at], .. Encoding.UTF8.GetBytes($"\"{field}\":{json},"), .. value[at..]];
    }

    /// <summary>Some occurrence of the field with another value.</summary>
    byte[]? WithValue(byte[]? value, string field, string json)
    {
        var name = Encoding.UTF8.GetBytes($"\"{field}\":");
        var found = value.AsSpan().IndexOf(name);
        if (found < 0)
        {
            return value;
        }
        var next = value.AsSpan(found + 1).IndexOf(name);
        var from = (next >= 0 && _random.Next(2) == 0 ? found + 1 + next : found) + name.Length;
        var reader = new Utf8JsonReader(value.AsSpan(from), isFinalBlock: false, default);
        try
        {
            // Skips the value whole where it is one; a number at the very end has no end yet.
            return reader.Read() && reader.TrySkip()
                ? [.. value![..from], .. Encoding.UTF8.GetBytes(json), .. value[(from + (int)reader.BytesConsumed)..]]
                : value;
        }
        catch (JsonException)
        {
            return value;
        }
    }

    string Nested()
    {
        var (depth, open, close) = (_random.Next(1, 200), _random.Next(2) == 0 ? "[" : "{\"a\":", "");
        close = open == "[" ? "]" : "}";
        return string.Concat(Enumerable.Repeat(open, depth))
            + "1"
            + string.Concat(Enumerable.Repeat(close, _random.Next(20) == 0 ? depth - 1 : depth));
    }

    byte[]? Rebuilt(byte[]? value, Action<JsonObject> change)
    {
        try
        {
            if (value is null || JsonNode.Parse(value) is not JsonObject root)
            {
                return value;
            }
            var objects = Objects(root).ToList();
            change(Any(objects));
            return Encoding.UTF8.GetBytes(root.ToJsonString());
        }
        catch (Exception noJson) when (noJson is JsonException or ArgumentException or InvalidOperationException)
        {
            // A mutation before this one has left no JSON, or names that come twice.
            return value;
        }
    }

    static IEnumerable<JsonObject> Objects(JsonObject root) =>
        root.Select(pair => pair.Value).OfType<JsonObject>().SelectMany(Objects).Prepend(root);

    void Without(JsonObject of)
    {
        if (of.Count > 0)
        {
            of.Remove(Any(of.Select(pair => pair.Key).ToList()));
        }
    }

    void Reordered(JsonObject of)
    {
        var pairs = of.ToArray();
        _random.Shuffle(pairs);
        of.Clear();
        foreach (var (name, value) in pairs)
        {
            of[name] = value;
        }
    }

    /// <summary>The payload under another record's schema, without its own, or wrapped once more.</summary>
    byte[]? Rewrapped(byte[]? value)
    {
        var payload = Part(value, "payload") ?? (value is null ? null : Encoding.UTF8.GetString(value));
        if (payload is null || _random.Next(3) == 0)
        {
            return payload is null ? value : Encoding.UTF8.GetBytes(payload);
        }
        var schema = Part(Any(Any(Recorded)).Value, "schema") ?? Any(Values);
        return Encoding.UTF8.GetBytes(
            _random.Next(4) == 0 ? $"{{\"payload\":{payload},\"schema\":{schema}}}" : $"{{\"schema\":{schema},\"payload\":{payload}}}"
        );
    }

    static string? Part(byte[]? value, string name)
    {
        try
        {
            return value is null ? null : (JsonNode.Parse(value) as JsonObject)?[name]?.ToJsonString();
        }
        catch (Exception noJson) when (noJson is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];
}
