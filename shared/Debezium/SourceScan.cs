using static Betting.Debezium.CompactJson;

namespace Betting.Debezium;

/// <summary>
/// Reads the block <c>source</c> of a <see cref="CompactJson"/>: nearly half of an envelope's tokens, of which seven matter.
/// </summary>
static class SourceScan
{
    /// <summary>More are no place in a log.</summary>
    const int MaxPlaceDigits = 17;

    /// <param name="text">The payload.</param>
    /// <param name="at">Where the block begins; afterwards where it ends.</param>
    /// <param name="envelope">Filled in.</param>
    /// <param name="record">Filled in.</param>
    /// <returns>False where the block is written in another way.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, ref int at, Envelope envelope, ref DecodedRecord record)
    {
        var hasMicros = false;
        if (!Take(text, ref at, (byte)'{'))
            return false;
        do
        {
            if (
                !TryName(text, ref at, out var name)
                || !TryValue(text, ref at, SourceFields.Named(name), envelope, ref record, ref hasMicros)
            )
                return false;
        } while (Take(text, ref at, (byte)','));
        envelope.HasSource = true;
        return Take(text, ref at, (byte)'}');
    }

    static bool TryValue(
        ReadOnlySpan<byte> text,
        ref int at,
        SourceField field,
        Envelope envelope,
        ref DecodedRecord record,
        ref bool hasMicros
    )
    {
        if (field == SourceField.Sequence)
            return TrySequence(text, ref at, envelope);
        if ((uint)at >= (uint)text.Length)
            return false;
        if (text[at] == '"')
            return TryText(text, ref at, out var value) && TakesText(field, value, envelope, ref record);
        if (text[at] == 'n')
            return field == SourceField.Other && Take(text, ref at, "null"u8);
        return TryNumber(text, ref at, out var number) && TakesNumber(field, number, envelope, ref record, ref hasMicros);
    }

    static bool TakesText(SourceField field, ReadOnlySpan<byte> value, Envelope envelope, ref DecodedRecord record)
    {
        if (field == SourceField.Table)
            envelope.NamedTable = TopicName.TableNamed(value);
        else if (field == SourceField.Snapshot)
            record.Snapshot = SourceReader.SnapshotNamed(value);
        else
            return field == SourceField.Other;
        return true;
    }

    static bool TakesNumber(SourceField field, ulong number, Envelope envelope, ref DecodedRecord record, ref bool hasMicros)
    {
        if (field == SourceField.Other)
            return true;
        if (number > long.MaxValue / 1000)
            return false;
        if (field == SourceField.Millis)
            record.CommitTime = hasMicros ? record.CommitTime : (long)number * 1000;
        else if (field == SourceField.Micros)
            (record.CommitTime, hasMicros) = ((long)number, true);
        else if (field == SourceField.Lsn)
            envelope.Lsn = number;
        else if (field == SourceField.Transaction)
            record.TransactionId = (uint)number;
        else
            return false;
        return true;
    }

    /// <summary><c>"[\"26853136\",\"26853136\"]"</c> or <c>"[null,\"26853136\"]"</c>.</summary>
    static bool TrySequence(ReadOnlySpan<byte> text, ref int at, Envelope envelope)
    {
        if (
            !Take(text, ref at, "\"["u8)
            || !TryPlace(text, ref at, out var commit)
            || !Take(text, ref at, (byte)',')
            || !TryPlace(text, ref at, out var lsn)
            || !Take(text, ref at, "]\""u8)
        )
            return false;
        (envelope.SequenceCommit, envelope.SequenceLsn) = (commit, lsn);
        return true;
    }

    static bool TryPlace(ReadOnlySpan<byte> text, ref int at, out ulong? place)
    {
        place = null;
        if (Take(text, ref at, "null"u8))
            return true;
        if (!Take(text, ref at, "\\\""u8))
            return false;
        var start = at;
        place = Digits(text, ref at);
        return at - start is > 0 and <= MaxPlaceDigits && Take(text, ref at, "\\\""u8);
    }
}
