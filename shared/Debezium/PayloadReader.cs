using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// One pass over a payload: an envelope with <c>op</c>, <c>source</c>, <c>after</c>, or a flattened row with <c>__op</c>, <c>__lsn</c>.
/// </summary>
static class PayloadReader
{
    /// <param name="reader">Stands at the payload's opening brace.</param>
    /// <param name="payload">The bytes that the reader reads.</param>
    /// <param name="table">The row's table, if the topic's name tells it; without it the row is passed over.</param>
    /// <param name="types">What a schema or the settings say of its columns.</param>
    /// <param name="envelope">Filled in.</param>
    /// <param name="record">Filled in.</param>
    public static void Read(
        ref Utf8JsonReader reader,
        ReadOnlyMemory<byte> payload,
        SourceTable table,
        ColumnTypes types,
        Envelope envelope,
        ref DecodedRecord record
    )
    {
        var row = new RowReader(payload, table, types, envelope);
        record.MissingColumns = RowReader.AllColumns(table);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            if (name.StartsWith("__"u8))
                FlatReader.Read(name, ref reader, envelope, ref record);
            else if (name.SequenceEqual("after"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartObject)
                    continue;
                envelope.HasRow = true;
                row.Read(ref reader, ref record);
            }
            else if (name.SequenceEqual("before"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                    envelope.BeforeStart = (int)reader.TokenStartIndex;
                reader.Skip();
            }
            else if (name.SequenceEqual("source"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                    SourceReader.Read(ref reader, envelope, ref record);
            }
            else if (name.SequenceEqual("op"u8))
            {
                reader.Read();
                envelope.SetOperation(ref reader);
            }
            else if (name.SequenceEqual("transaction"u8))
            {
                reader.Read();
                ReadTransaction(ref reader, envelope);
            }
            else if (name.SequenceEqual("message"u8))
            {
                reader.Read();
                MessageReader.Read(ref reader, payload, ref record);
            }
            else
            {
                row.ReadColumn(ref reader, ref record);
            }
        }
    }

    static void ReadTransaction(ref Utf8JsonReader reader, Envelope envelope)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOrder = reader.ValueTextEquals("total_order"u8);
            reader.Read();
            if (isOrder && JsonText.TryReadInteger(ref reader, out var order))
                envelope.TotalOrder = order;
            reader.Skip();
        }
    }
}
