using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads the columns of a row. Columns that nobody knows are passed over; known ones that do not come stay "not sent".
/// A column that cannot be read is noted in the envelope and judged later, for a delete's columns do not matter.
/// </summary>
readonly struct RowReader(ReadOnlyMemory<byte> payload, SourceTable table, DecimalScales scales, Envelope envelope)
{
    public static NotSent AllColumns(SourceTable table) => table switch
    {
        SourceTable.Users => NotSent.UserName | NotSent.UserCreatedAt,
        SourceTable.Events => NotSent.EventName | NotSent.EventCategory | NotSent.EventStartTime | NotSent.EventStatus,
        SourceTable.Bets => NotSent.BetUserId | NotSent.BetEventId | NotSent.BetStatus | NotSent.BetAmount | NotSent.BetPayout
            | NotSent.BetPlacedAt | NotSent.BetSettledAt,
        _ => NotSent.None,
    };

    /// <summary>Reads the object at which the reader stands.</summary>
    public void Read(ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            ReadColumn(ref reader, ref record);
    }

    /// <summary>Reads the column at whose name the reader stands, and leaves it at the value's end.</summary>
    public void ReadColumn(ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        var name = reader.ValueSpan;
        reader.Read();
        if (name.SequenceEqual("id"u8))
            ReadRowId(ref reader);
        else if (table == SourceTable.Bets)
            ReadBetColumn(name, ref reader, ref record);
        else if (table == SourceTable.Events)
            ReadEventColumn(name, ref reader, ref record);
        else if (table == SourceTable.Users)
            ReadUserColumn(name, ref reader, ref record);
        reader.Skip();
    }

    void ReadRowId(ref Utf8JsonReader reader)
    {
        if (JsonText.TryReadInteger(ref reader, out var id))
            envelope.RowId = id;
        else if (reader.TokenType != JsonTokenType.Null)
            envelope.Blame(RejectReason.WrongType, "after.id");
    }

    void ReadUserColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("name"u8))
            ReadText(ref reader, ref record, NotSent.UserName, ref record.User.Name, "after.name");
        else if (name.SequenceEqual("created_at"u8))
            ReadTime(ref reader, ref record, NotSent.UserCreatedAt, ref record.User.CreatedAt, "after.created_at");
    }

    void ReadEventColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("name"u8))
            ReadText(ref reader, ref record, NotSent.EventName, ref record.Event.Name, "after.name");
        else if (name.SequenceEqual("category"u8))
            ReadText(ref reader, ref record, NotSent.EventCategory, ref record.Event.Category, "after.category");
        else if (name.SequenceEqual("start_time"u8))
            ReadTime(ref reader, ref record, NotSent.EventStartTime, ref record.Event.StartTime, "after.start_time");
        else if (name.SequenceEqual("status"u8))
            ReadText(ref reader, ref record, NotSent.EventStatus, ref record.Event.Status, "after.status");
    }

    void ReadBetColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("user_id"u8))
            ReadId(ref reader, ref record, NotSent.BetUserId, ref record.Bet.UserId, "after.user_id");
        else if (name.SequenceEqual("event_id"u8))
            ReadId(ref reader, ref record, NotSent.BetEventId, ref record.Bet.EventId, "after.event_id");
        else if (name.SequenceEqual("status"u8))
            ReadText(ref reader, ref record, NotSent.BetStatus, ref record.Bet.Status, "after.status");
        else if (name.SequenceEqual("amount"u8))
            ReadAmount(ref reader, ref record, scales.Amount, NotSent.BetAmount, ref record.Bet.Amount, "after.amount");
        else if (name.SequenceEqual("placed_at"u8))
            ReadTime(ref reader, ref record, NotSent.BetPlacedAt, ref record.Bet.PlacedAt, "after.placed_at");
        else if (name.SequenceEqual("payout"u8))
        {
            long payout = 0;
            record.Bet.Payout = !IsNull(ref reader, ref record, NotSent.BetPayout)
                && ReadAmount(ref reader, ref record, scales.Payout, NotSent.BetPayout, ref payout, "after.payout") ? payout : null;
        }
        else if (name.SequenceEqual("settled_at"u8))
        {
            long settledAt = 0;
            record.Bet.SettledAt = !IsNull(ref reader, ref record, NotSent.BetSettledAt)
                && ReadTime(ref reader, ref record, NotSent.BetSettledAt, ref settledAt, "after.settled_at") ? settledAt : null;
        }
    }

    /// <summary>NULL is a value: it was sent.</summary>
    static bool IsNull(ref Utf8JsonReader reader, ref DecodedRecord record, NotSent column)
    {
        if (reader.TokenType != JsonTokenType.Null)
            return false;
        record.NotSent &= ~column;
        return true;
    }

    void ReadText(ref Utf8JsonReader reader, ref DecodedRecord record, NotSent column, ref ReadOnlyMemory<byte> value, string field)
    {
        if (!IsSent(ref reader, ref record, column, field))
            return;
        if (reader.TokenType == JsonTokenType.String)
            value = JsonText.Read(ref reader, payload);
        else
            envelope.Blame(RejectReason.WrongType, field);
    }

    void ReadId(ref Utf8JsonReader reader, ref DecodedRecord record, NotSent column, ref long value, string field)
    {
        if (IsSent(ref reader, ref record, column, field) && !JsonText.TryReadInteger(ref reader, out value))
            envelope.Blame(RejectReason.WrongType, field);
    }

    bool ReadTime(ref Utf8JsonReader reader, ref DecodedRecord record, NotSent column, ref long value, string field)
    {
        if (!IsSent(ref reader, ref record, column, field))
            return false;
        var problem = reader.TokenType == JsonTokenType.String ? PostgresTime.TryParse(reader.ValueSpan, out value) : RejectReason.WrongType;
        if (problem is not null)
            envelope.Blame(problem, field);
        return problem is null;
    }

    bool ReadAmount(ref Utf8JsonReader reader, ref DecodedRecord record, int scale, NotSent column, ref long value, string field)
    {
        if (!IsSent(ref reader, ref record, column, field))
            return false;
        var problem = DecimalReader.Read(ref reader, scale, out value);
        if (problem is not null)
            envelope.Blame(problem, field);
        return problem is null;
    }

    /// <summary>False for an unchanged TOAST value, which PostgreSQL does not log, and for a NULL where there should be none.</summary>
    bool IsSent(ref Utf8JsonReader reader, ref DecodedRecord record, NotSent column, string field)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("__debezium_unavailable_value"u8))
            return false;
        if (reader.TokenType == JsonTokenType.Null)
        {
            envelope.Blame(RejectReason.NullValue, field);
            return false;
        }
        record.NotSent &= ~column;
        return true;
    }
}
