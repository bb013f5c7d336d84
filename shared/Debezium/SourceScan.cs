using System.Runtime.CompilerServices;

namespace Betting.Debezium;

/// <summary>
/// Reads the block <c>source</c> in the one form in which Debezium writes it: no white space, whole numbers, texts without escapes
/// but in <c>sequence</c>. It holds nearly half of an envelope's tokens, and seven of its fields matter.
/// </summary>
/// <remarks>
/// What it accepts is JSON and means what <see cref="SourceReader"/> reads in it; anything else is left to that. The sink's tests compare the two on every
/// recording and on mutated envelopes.
/// </remarks>
static class SourceScan
{
    /// <summary>So many digits fit 64 bits whatever they are; nanoseconds since 1970 have them.</summary>
    const int MaxDigits = 19;

    /// <summary>More are no place in a log.</summary>
    const int MaxPlaceDigits = 17;

    /// <param name="text">Begins with the block.</param>
    /// <param name="envelope">Filled in; what was filled in before it fails is in the block as well.</param>
    /// <param name="record">Likewise.</param>
    /// <param name="length">Of the block, with both braces.</param>
    /// <returns>False where the block is written in another way.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, Envelope envelope, ref DecodedRecord record, out int length)
    {
        length = 0;
        var (at, hasMicros) = (0, false);
        if (!Take(text, ref at, (byte)'{'))
            return false;
        do
        {
            if (!TryText(text, ref at, out var name) || !Take(text, ref at, (byte)':')
                || !TryValue(text, ref at, SourceFields.Named(name), envelope, ref record, ref hasMicros))
                return false;
        }
        while (Take(text, ref at, (byte)','));
        length = at + 1;
        envelope.HasSource = true;
        return Take(text, ref at, (byte)'}');
    }

    static bool TryValue(ReadOnlySpan<byte> text, ref int at, SourceField field, Envelope envelope, ref DecodedRecord record, ref bool hasMicros)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Take(ReadOnlySpan<byte> text, ref int at, byte character)
    {
        if ((uint)at >= (uint)text.Length || text[at] != character)
            return false;
        at++;
        return true;
    }

    /// <summary>A text without an escape and without a control character, both of which end it here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryText(ReadOnlySpan<byte> text, ref int at, out ReadOnlySpan<byte> found)
    {
        found = default;
        if (!Take(text, ref at, (byte)'"'))
            return false;
        var end = at;
        while ((uint)end < (uint)text.Length && text[end] is >= 0x20 and not ((byte)'"' or (byte)'\\'))
            end++;
        if ((uint)end >= (uint)text.Length || text[end] != '"')
            return false;
        found = text[at..end];
        at = end + 1;
        return true;
    }

    /// <summary>A whole number, not negative, without a leading zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryNumber(ReadOnlySpan<byte> text, ref int at, out ulong number)
    {
        var start = at;
        number = Digits(text, ref at);
        return at - start is > 0 and <= MaxDigits && (text[start] != '0' || at - start == 1);
    }

    /// <summary><c>"[\"26853136\",\"26853136\"]"</c> or <c>"[null,\"26853136\"]"</c>.</summary>
    static bool TrySequence(ReadOnlySpan<byte> text, ref int at, Envelope envelope)
    {
        if (!Take(text, ref at, "\"["u8) || !TryPlace(text, ref at, out var commit) || !Take(text, ref at, (byte)',')
            || !TryPlace(text, ref at, out var lsn) || !Take(text, ref at, "]\""u8))
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

    static bool Take(ReadOnlySpan<byte> text, ref int at, ReadOnlySpan<byte> expected)
    {
        if (!text[at..].StartsWith(expected))
            return false;
        at += expected.Length;
        return true;
    }

    /// <summary>As many digits as there are; more than <see cref="MaxDigits"/> may overflow, and nobody takes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Digits(ReadOnlySpan<byte> text, ref int at)
    {
        var (number, end) = (0UL, at);
        for (; (uint)end < (uint)text.Length && (uint)(text[end] - '0') <= 9; end++)
            number = (number * 10) + (uint)(text[end] - '0');
        at = end;
        return number;
    }
}
