using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Reads the block <c>source</c>: which table, where in the log, when, and by which transaction.</summary>
static class SourceReader
{
    public static void Read(ref Utf8JsonReader reader, Envelope envelope, ref DecodedRecord record)
    {
        envelope.HasSource = true;
        var hasMicros = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = SourceFields.Named(reader.ValueSpan);
            reader.Read();
            switch (field)
            {
                case SourceField.Lsn:
                    envelope.Lsn = JsonText.ReadUnsigned(ref reader);
                    break;
                case SourceField.Sequence:
                    ReadSequence(ref reader, envelope);
                    break;
                case SourceField.Table when reader.TokenType == JsonTokenType.String:
                    envelope.NamedTable = TopicName.TableNamed(reader.ValueSpan);
                    break;
                case SourceField.Transaction:
                    record.TransactionId = ReadTransactionId(ref reader);
                    break;
                case SourceField.Millis when !hasMicros:
                    record.CommitTime = ReadMillis(ref reader);
                    break;
                case SourceField.Micros when JsonText.TryReadInteger(ref reader, out var micros):
                    hasMicros = true;
                    record.CommitTime = micros;
                    break;
                case SourceField.Snapshot:
                    record.Snapshot = ReadSnapshot(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    public static uint ReadTransactionId(ref Utf8JsonReader reader) => JsonText.ReadUnsigned(ref reader) is { } id ? (uint)id : 0;

    public static long ReadMillis(ref Utf8JsonReader reader) =>
        JsonText.TryReadInteger(ref reader, out var millis) && millis is > long.MinValue / 1000 and < long.MaxValue / 1000
            ? millis * 1000
            : 0;

    /// <summary>A text, or a boolean as versions before 1.6 wrote it.</summary>
    public static SnapshotMarker ReadSnapshot(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
            return reader.TokenType == JsonTokenType.True ? SnapshotMarker.Within : SnapshotMarker.None;
        return SnapshotNamed(reader.ValueSpan);
    }

    public static SnapshotMarker SnapshotNamed(ReadOnlySpan<byte> text) =>
        text switch
        {
            _ when text.SequenceEqual("false"u8) => SnapshotMarker.None,
            _ when text.SequenceEqual("true"u8) => SnapshotMarker.Within,
            _ when text.SequenceEqual("first"u8) => SnapshotMarker.First,
            _ when text.SequenceEqual("first_in_data_collection"u8) => SnapshotMarker.FirstInTable,
            _ when text.SequenceEqual("last_in_data_collection"u8) => SnapshotMarker.LastInTable,
            _ when text.SequenceEqual("last"u8) => SnapshotMarker.Last,
            _ when text.SequenceEqual("incremental"u8) => SnapshotMarker.Incremental,
            _ => SnapshotMarker.None,
        };

    /// <summary>
    /// <c>"[\"26853136\",\"26853136\"]"</c>: JSON in a string, so its quotes are escaped; only digits, commas and nulls matter.
    /// </summary>
    public static void ReadSequence(ref Utf8JsonReader reader, Envelope envelope)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return;
        }
        Span<ulong?> pair = [null, null];
        var element = 0;
        var text = reader.ValueSpan;
        for (var at = 0; at < text.Length; at++)
        {
            var character = text[at];
            // A quotation mark may be written as its code, whose digits are none of a number.
            if (character == '\\' && at + 1 < text.Length && text[at + 1] == 'u')
            {
                at += 5;
                continue;
            }
            if (character == ',' && ++element > 1)
                break;
            // 10^17 is beyond every LSN that a version can hold, and another digit still fits.
            if (character is >= (byte)'0' and <= (byte)'9' && pair[element] is not > 100_000_000_000_000_000)
                pair[element] = (pair[element] ?? 0) * 10 + (ulong)(character - '0');
        }
        envelope.SequenceCommit = pair[0];
        envelope.SequenceLsn = pair[1];
    }
}
