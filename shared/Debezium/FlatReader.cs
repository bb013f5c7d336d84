using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads what ExtractNewRecordState adds to a row: <c>__op</c>, <c>__lsn</c>, <c>__deleted</c>, with or without <c>source_</c>.
/// </summary>
static class FlatReader
{
    /// <summary>Reads the field at whose name the reader stands.</summary>
    public static void Read(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, Envelope envelope, ref DecodedRecord record)
    {
        var field = name[2..];
        var isSource = field.StartsWith("source_"u8);
        if (isSource)
            field = field[7..];
        reader.Read();
        if (field.SequenceEqual("op"u8))
        {
            envelope.IsFlat = true;
            envelope.SetOperation(ref reader);
        }
        else if (field.SequenceEqual("deleted"u8))
        {
            envelope.IsFlat = true;
            envelope.IsDeletedFlag =
                reader.TokenType == JsonTokenType.True
                || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("true"u8));
        }
        else if (field.SequenceEqual("lsn"u8))
        {
            envelope.IsFlat = true;
            envelope.Lsn = JsonText.ReadUnsigned(ref reader);
        }
        else if (field.SequenceEqual("sequence"u8))
            SourceReader.ReadSequence(ref reader, envelope);
        else if (field.SequenceEqual("table"u8) && reader.TokenType == JsonTokenType.String)
            envelope.NamedTable = TopicName.TableNamed(reader.ValueSpan);
        else if (field.SequenceEqual("txId"u8))
        {
            envelope.HasFlatTransaction = true;
            record.TransactionId = SourceReader.ReadTransactionId(ref reader);
        }
        else if (field.SequenceEqual("snapshot"u8))
        {
            envelope.HasFlatSnapshot = true;
            record.Snapshot = SourceReader.ReadSnapshot(ref reader);
        }
        // Without the prefix it is the time of the connector, which may be hours later.
        else if (isSource && field.SequenceEqual("ts_us"u8) && JsonText.TryReadInteger(ref reader, out var micros))
            record.CommitTime = micros;
        else if (isSource && field.SequenceEqual("ts_ms"u8) && record.CommitTime == 0)
            record.CommitTime = SourceReader.ReadMillis(ref reader);
        else if (field.SequenceEqual("transaction_total_order"u8) && JsonText.TryReadInteger(ref reader, out var order))
            envelope.TotalOrder = order;
        reader.Skip();
    }
}
