using static Betting.Debezium.CompactJson;

namespace Betting.Debezium;

/// <summary>
/// Reads a row of a <see cref="CompactJson"/> whose values are what nearly all are: ids as numbers, amounts and times as text, nothing
/// under a <see cref="ValueSubstitution"/>. Columns that nobody knows are passed over.
/// </summary>
readonly ref struct RowScan(ReadOnlyMemory<byte> payload, SourceTable table, ColumnTypes types, Envelope envelope)
{
    readonly ReadOnlySpan<byte> text = payload.Span;

    /// <param name="at">Where the row begins; afterwards where it ends.</param>
    /// <param name="record">Filled in.</param>
    /// <returns>False where anything in it is otherwise.</returns>
    public bool TryRead(ref int at, ref DecodedRecord record)
    {
        if (!Take(text, ref at, (byte)'{'))
            return false;
        do
        {
            if (!TryName(text, ref at, out var name) || !TryColumn(name, ref at, ref record))
                return false;
        } while (Take(text, ref at, (byte)','));
        return Take(text, ref at, (byte)'}');
    }

    bool TryColumn(ReadOnlySpan<byte> name, ref int at, ref DecodedRecord record)
    {
        if (name.SequenceEqual("id"u8))
        {
            if (!TryId(ref at, out var id))
                return false;
            envelope.RowId = id;
            return true;
        }
        return table switch
        {
            SourceTable.Bets => TryBetColumn(name, ref at, ref record),
            SourceTable.Events => TryEventColumn(name, ref at, ref record),
            SourceTable.Users => TryUserColumn(name, ref at, ref record),
            _ => TrySkip(text, ref at),
        };
    }

    bool TryBetColumn(ReadOnlySpan<byte> name, ref int at, ref DecodedRecord record) =>
        name.Length switch
        {
            6 when name.SequenceEqual("status"u8) => TryValue(ref at, ref record, MissingColumns.BetStatus, out record.Bet.Status)
                && DeclaredStatus.OfBet(record.Bet.Status.Span),
            6 when name.SequenceEqual("amount"u8) => Sent(ref record, MissingColumns.BetAmount)
                && TryAmount(ref at, types.Amount, out record.Bet.Amount),
            6 when name.SequenceEqual("payout"u8) => Sent(ref record, MissingColumns.BetPayout) && TryPayout(ref at, out record.Bet.Payout),
            7 when name.SequenceEqual("user_id"u8) => Sent(ref record, MissingColumns.BetUserId) && TryId(ref at, out record.Bet.UserId),
            8 when name.SequenceEqual("event_id"u8) => Sent(ref record, MissingColumns.BetEventId) && TryId(ref at, out record.Bet.EventId),
            9 when name.SequenceEqual("placed_at"u8) => Sent(ref record, MissingColumns.BetPlacedAt)
                && TryTime(ref at, out record.Bet.PlacedAt),
            10 when name.SequenceEqual("settled_at"u8) => Sent(ref record, MissingColumns.BetSettledAt)
                && TrySettledAt(ref at, out record.Bet.SettledAt),
            _ => TrySkip(text, ref at),
        };

    bool TryEventColumn(ReadOnlySpan<byte> name, ref int at, ref DecodedRecord record) =>
        name.Length switch
        {
            4 when name.SequenceEqual("name"u8) => TryValue(ref at, ref record, MissingColumns.EventName, out record.Event.Name),
            6 when name.SequenceEqual("status"u8) => TryValue(ref at, ref record, MissingColumns.EventStatus, out record.Event.Status)
                && DeclaredStatus.OfEvent(record.Event.Status.Span),
            8 when name.SequenceEqual("category"u8) => TryValue(
                ref at,
                ref record,
                MissingColumns.EventCategory,
                out record.Event.Category
            ),
            10 when name.SequenceEqual("start_time"u8) => Sent(ref record, MissingColumns.EventStartTime)
                && TryTime(ref at, out record.Event.StartTime),
            _ => TrySkip(text, ref at),
        };

    bool TryUserColumn(ReadOnlySpan<byte> name, ref int at, ref DecodedRecord record) =>
        name.Length switch
        {
            4 when name.SequenceEqual("name"u8) => TryValue(ref at, ref record, MissingColumns.UserName, out record.User.Name),
            10 when name.SequenceEqual("created_at"u8) => Sent(ref record, MissingColumns.UserCreatedAt)
                && TryTime(ref at, out record.User.CreatedAt),
            _ => TrySkip(text, ref at),
        };

    static bool Sent(ref DecodedRecord record, MissingColumns column)
    {
        record.MissingColumns &= ~column;
        return true;
    }

    bool TryId(ref int at, out long id)
    {
        var isNumber = TryNumber(text, ref at, out var number);
        id = (long)number;
        return isNumber && number <= long.MaxValue / 10;
    }

    bool TryValue(ref int at, ref DecodedRecord record, MissingColumns column, out ReadOnlyMemory<byte> value)
    {
        var isText = TryText(text, ref at, out var found);
        value = isText ? payload.Slice(at - 1 - found.Length, found.Length) : default;
        return Sent(ref record, column) && isText && !found.StartsWith("__"u8);
    }

    /// <param name="at">Where the value begins.</param>
    /// <param name="scale">That of base64, which is not read here; -1 where a text is a decimal's text.</param>
    /// <param name="amount">In hundredths.</param>
    bool TryAmount(ref int at, int scale, out long amount)
    {
        amount = 0;
        return scale < 0 && TryText(text, ref at, out var found) && MoneyParser.TryPlain(found, out amount);
    }

    bool TryPayout(ref int at, out long? payout)
    {
        payout = null;
        if (Take(text, ref at, "null"u8))
            return true;
        var isAmount = TryAmount(ref at, types.Payout, out var amount);
        payout = amount;
        return isAmount;
    }

    bool TryTime(ref int at, out long micros)
    {
        micros = 0;
        return TryText(text, ref at, out var found)
            && PostgresTime.TryParse(found, out micros) is null
            && micros is >= PostgresTime.EarliestShown and <= PostgresTime.LatestShown;
    }

    bool TrySettledAt(ref int at, out long? micros)
    {
        micros = null;
        if (Take(text, ref at, "null"u8))
            return true;
        var isTime = TryTime(ref at, out var settled);
        micros = settled;
        return isTime;
    }
}
