using static Betting.Debezium.CompactJson;

namespace Betting.Debezium;

/// <summary>
/// The short way through an envelope that is a <see cref="CompactJson"/>. What it reads means what <see cref="PayloadReader"/> reads
/// in it; whatever it does not take is left to that from the beginning. The sink's tests compare the two on every recording and on
/// mutated envelopes.
/// </summary>
static class PayloadScan
{
    /// <param name="payload">The bytes of the envelope, perhaps with more behind it.</param>
    /// <param name="table">The row's table, if the topic's name tells it.</param>
    /// <param name="types">What a schema or the settings say of its columns.</param>
    /// <param name="envelope">Filled in; of no use where it fails.</param>
    /// <param name="record">Likewise.</param>
    /// <param name="length">Of the envelope, with both braces.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> payload,
        SourceTable table,
        ColumnTypes types,
        Envelope envelope,
        ref DecodedRecord record,
        out int length
    )
    {
        var text = payload.Span;
        var row = new RowScan(payload, table, types, envelope);
        length = 0;
        record.MissingColumns = RowReader.AllColumns(table);
        if (!Take(text, ref length, (byte)'{'))
            return false;
        do
        {
            if (!TryName(text, ref length, out var name) || !TryField(text, name, ref length, row, envelope, ref record))
                return false;
        } while (Take(text, ref length, (byte)','));
        return Take(text, ref length, (byte)'}');
    }

    static bool TryField(
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> name,
        ref int at,
        in RowScan row,
        Envelope envelope,
        ref DecodedRecord record
    )
    {
        switch (name.Length)
        {
            case 2 when name.SequenceEqual("op"u8):
                return TryText(text, ref at, out var operation) && envelope.TrySetOperation(operation);
            case 5 when name.SequenceEqual("after"u8):
                if (Take(text, ref at, "null"u8))
                    return true;
                envelope.HasRow = true;
                return row.TryRead(ref at, ref record);
            case 5 when name.SequenceEqual("ts_ms"u8) || name.SequenceEqual("ts_us"u8) || name.SequenceEqual("ts_ns"u8):
                return TrySkip(text, ref at);
            case 6 when name.SequenceEqual("source"u8):
                return SourceScan.TryRead(text, ref at, envelope, ref record);
            case 6 when name.SequenceEqual("before"u8):
                if (Take(text, ref at, "null"u8))
                    return true;
                envelope.BeforeStart = at;
                return TrySkipFlat(text, ref at);
            case 11 when name.SequenceEqual("transaction"u8):
                return Take(text, ref at, "null"u8) || TryTransaction(text, ref at, envelope);
            default:
                // A message, a flattened row, or what nobody has seen yet.
                return false;
        }
    }

    static bool TryTransaction(ReadOnlySpan<byte> text, ref int at, Envelope envelope)
    {
        if (!Take(text, ref at, (byte)'{'))
            return false;
        do
        {
            if (!TryName(text, ref at, out var name))
                return false;
            if (!name.SequenceEqual("total_order"u8))
            {
                if (!TrySkip(text, ref at))
                    return false;
            }
            else if (TryNumber(text, ref at, out var order) && order <= long.MaxValue)
                envelope.TotalOrder = (long)order;
            else
                return false;
        } while (Take(text, ref at, (byte)','));
        return Take(text, ref at, (byte)'}');
    }
}
