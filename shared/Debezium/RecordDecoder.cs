using System.Text.Json;
using System.Text.Unicode;

namespace Betting.Debezium;

/// <summary>
/// Understands one record of Debezium's topics: versions 1 to 3, with and without schemas, enveloped and flattened.
/// Never throws for what a record contains. Remembers schemas between records, so one decoder serves one thread.
/// </summary>
public sealed class RecordDecoder(DecoderOptions options)
{
    readonly JsonReaderOptions json = new() { MaxDepth = options.MaxDepth };
    readonly Dictionary<string, (TopicRole Role, SourceTable Table)> topics = [];
    string? lastTopic;
    (TopicRole Role, SourceTable Table) lastRole;
    readonly SchemaCache schemas = new(new JsonReaderOptions { MaxDepth = options.MaxDepth });

    /// <summary>Decodes <paramref name="record"/>; the outcome is <see cref="DecodedRecord.Kind"/>.</summary>
    public void Decode(in StreamRecord record, out DecodedRecord decoded)
    {
        decoded = default;
        try
        {
            DecodeValue(record, ref decoded);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Both mean text that is no JSON: the latter comes from escapes that are no character.
            Reject(ref decoded, RejectReason.MalformedJson, null);
        }
        if (decoded.Kind == RecordKind.Undecodable && decoded.Reason is null)
            decoded.Reason = RejectReason.NotAnEnvelope;
    }

    void DecodeValue(in StreamRecord record, ref DecodedRecord decoded)
    {
        var topic = RoleOf(record.Topic);
        if (!EpochHeader.TryRead(record.Headers, options.DefaultEpoch, out var epoch))
        {
            Reject(ref decoded, RejectReason.OutOfRange, "header epoch");
            return;
        }
        if (record.Value is not { } value || value.AsSpan().Trim(" \t\r\n"u8).SequenceEqual("null"u8))
        {
            ReadTombstone(record, topic.Table, ref decoded);
            return;
        }
        if (value.Length > options.MaxValueBytes)
        {
            Reject(ref decoded, RejectReason.TooLarge, null);
            return;
        }
        if (!Utf8.IsValid(value))
        {
            Reject(ref decoded, RejectReason.InvalidUtf8, null);
            return;
        }
        if (TryReadPayload(record, schemas.Unwrap(record.Topic, value, out var types), types, topic, epoch, ref decoded))
            return;
        // Something stands behind the payload: another field of its wrapping, or what makes it no JSON.
        decoded = default;
        if (!TryReadPayload(record, schemas.UnwrapWhole(record.Topic, value, out types), types, topic, epoch, ref decoded))
            throw new JsonException("Bytes follow the payload.");
    }

    /// <returns>False where more follows than the brace that closes the payload's wrapping.</returns>
    bool TryReadPayload(
        in StreamRecord record,
        ReadOnlyMemory<byte> payload,
        ColumnTypes types,
        (TopicRole Role, SourceTable Table) topic,
        int epoch,
        ref DecodedRecord decoded
    )
    {
        types = types with { Times = types.Times.Or(options.TimeUnits) };
        if (topic is { Role: TopicRole.Changes, Table: not SourceTable.None })
        {
            var envelope = new Envelope();
            if (PayloadScan.TryRead(payload, topic.Table, types, envelope, ref decoded, out var length) && IsEnd(payload.Span[length..]))
            {
                JudgeChange(record, payload, topic.Table, envelope, epoch, ref decoded);
                return true;
            }
            decoded = default;
        }
        var reader = new Utf8JsonReader(payload.Span, json);
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            ReadTombstone(record, topic.Table, ref decoded);
        else if (reader.TokenType != JsonTokenType.StartObject)
            return true;
        else if (topic.Role is TopicRole.Heartbeats or TopicRole.Transactions)
            MetadataReader.Read(ref reader, topic.Role, ref decoded);
        else
            ReadChange(record, ref reader, payload, topic.Table, types, epoch, ref decoded);
        return IsEnd(payload.Span[(int)reader.BytesConsumed..]);
    }

    static bool IsEnd(ReadOnlySpan<byte> rest)
    {
        rest = rest.Trim(" \t\r\n"u8);
        return rest.Length == 0 || rest.SequenceEqual("}"u8);
    }

    // Records of a topic come together, and comparing two texts is cheaper than hashing one.
    (TopicRole Role, SourceTable Table) RoleOf(string topic)
    {
        if (topic == lastTopic)
            return lastRole;
        if (!topics.TryGetValue(topic, out var role))
            topics[topic] = role = TopicName.Read(topic);
        (lastTopic, lastRole) = (topic, role);
        return role;
    }

    void ReadChange(
        in StreamRecord record,
        ref Utf8JsonReader reader,
        ReadOnlyMemory<byte> payload,
        SourceTable table,
        ColumnTypes types,
        int epoch,
        ref DecodedRecord decoded
    )
    {
        var envelope = new Envelope();
        PayloadReader.Read(ref reader, payload, table, types, envelope, ref decoded);
        if (table == SourceTable.None && envelope.NamedTable != SourceTable.None)
        {
            // The topic's name did not tell the table, the record did: the row is read in a second pass.
            table = envelope.NamedTable;
            envelope = new Envelope();
            decoded = default;
            reader = new Utf8JsonReader(payload.Span, json);
            reader.Read();
            PayloadReader.Read(ref reader, payload, table, types, envelope, ref decoded);
        }
        JudgeChange(record, payload, table, envelope, epoch, ref decoded);
    }

    void JudgeChange(
        in StreamRecord record,
        ReadOnlyMemory<byte> payload,
        SourceTable table,
        Envelope envelope,
        int epoch,
        ref DecodedRecord decoded
    )
    {
        decoded.Table = table;
        var problem = ChangeRules.Judge(envelope, epoch, ref decoded);
        if (problem is null && decoded.Kind == RecordKind.RowChange)
            problem = FindId(record, payload, envelope, ref decoded);
        if (problem is not null)
            Reject(ref decoded, problem, decoded.Field);
    }

    /// <summary>
    /// A row names itself; what is deleted is named by the record's key or, failing that, by the key within the former row.
    /// </summary>
    string? FindId(in StreamRecord record, ReadOnlyMemory<byte> payload, Envelope envelope, ref DecodedRecord decoded)
    {
        var id = envelope.RowId ?? KeyReader.Read(record.Key, json);
        if (id is null && envelope.BeforeStart > 0)
            id = KeyReader.ReadRow(payload.Span[envelope.BeforeStart..], json);
        decoded.Id = id ?? 0;
        decoded.Field = id == 0 ? "id" : decoded.Field;
        return id switch
        {
            null => RejectReason.NoKey,
            0 => RejectReason.IdIsZero,
            _ => null,
        };
    }

    void ReadTombstone(in StreamRecord record, SourceTable table, ref DecodedRecord decoded)
    {
        if (table == SourceTable.None)
        {
            decoded.Kind = RecordKind.Skipped;
            decoded.Reason = SkipRule.OtherTable;
        }
        else if (KeyReader.Read(record.Key, json) is { } id)
        {
            if (id == 0)
            {
                Reject(ref decoded, RejectReason.IdIsZero, "id");
                return;
            }
            decoded.Kind = RecordKind.Tombstone;
            decoded.Table = table;
            decoded.Id = id;
        }
        else
        {
            Reject(ref decoded, RejectReason.NoKey, null);
        }
    }

    static void Reject(ref DecodedRecord decoded, string reason, string? field)
    {
        decoded = default;
        decoded.Kind = RecordKind.Undecodable;
        decoded.Reason = reason;
        decoded.Field = field;
    }
}
