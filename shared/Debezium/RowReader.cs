using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads the columns of a row. Columns that nobody knows are passed over; known ones that do not come stay "not sent".
/// A column that cannot be read is noted in the envelope and judged later, for a delete's columns do not matter.
/// </summary>
readonly struct RowReader(ReadOnlyMemory<byte> payload, SourceTable table, ColumnTypes types, Envelope envelope)
{
    public static MissingColumns AllColumns(SourceTable table) =>
        table switch
        {
            SourceTable.Users => MissingColumns.UserName | MissingColumns.UserCreatedAt,
            SourceTable.Events => MissingColumns.EventName
                | MissingColumns.EventCategory
                | MissingColumns.EventStartTime
                | MissingColumns.EventStatus,
            SourceTable.Bets => MissingColumns.BetUserId
                | MissingColumns.BetEventId
                | MissingColumns.BetStatus
                | MissingColumns.BetAmount
                | MissingColumns.BetPayout
                | MissingColumns.BetPlacedAt
                | MissingColumns.BetSettledAt,
            _ => MissingColumns.None,
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
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (JsonText.ReadId(ref reader, out var id) is { } problem)
            envelope.Blame(problem, "after.id");
        else
            envelope.RowId = id;
    }

    void ReadUserColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("name"u8))
            ReadText(ref reader, ref record, MissingColumns.UserName, ref record.User.Name, "name");
        else if (name.SequenceEqual("created_at"u8))
            ReadTime(ref reader, ref record, types.Times.CreatedAt, MissingColumns.UserCreatedAt, ref record.User.CreatedAt, "created_at");
    }

    void ReadEventColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("name"u8))
            ReadText(ref reader, ref record, MissingColumns.EventName, ref record.Event.Name, "name");
        else if (name.SequenceEqual("category"u8))
            ReadText(ref reader, ref record, MissingColumns.EventCategory, ref record.Event.Category, "category");
        else if (name.SequenceEqual("start_time"u8))
            ReadTime(
                ref reader,
                ref record,
                types.Times.StartTime,
                MissingColumns.EventStartTime,
                ref record.Event.StartTime,
                "start_time"
            );
        else if (
            name.SequenceEqual("status"u8)
            && ReadText(ref reader, ref record, MissingColumns.EventStatus, ref record.Event.Status, "status")
            && !DeclaredStatus.OfEvent(record.Event.Status.Span)
        )
            record.Mark(MissingColumns.EventStatus, "status", ValueSubstitution.Undeclared, default);
    }

    void ReadBetColumn(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ref DecodedRecord record)
    {
        if (name.SequenceEqual("user_id"u8))
            ReadId(ref reader, ref record, MissingColumns.BetUserId, ref record.Bet.UserId, "after.user_id");
        else if (name.SequenceEqual("event_id"u8))
            ReadId(ref reader, ref record, MissingColumns.BetEventId, ref record.Bet.EventId, "after.event_id");
        else if (name.SequenceEqual("status"u8))
        {
            if (
                ReadText(ref reader, ref record, MissingColumns.BetStatus, ref record.Bet.Status, "status")
                && !DeclaredStatus.OfBet(record.Bet.Status.Span)
            )
                record.Mark(MissingColumns.BetStatus, "status", ValueSubstitution.Undeclared, default);
        }
        else if (name.SequenceEqual("amount"u8))
            ReadAmount(ref reader, ref record, types.Amount, MissingColumns.BetAmount, ref record.Bet.Amount, "amount");
        else if (name.SequenceEqual("placed_at"u8))
        {
            // Part of the sorting key: without it a bet has no place in its table.
            if (reader.TokenType == JsonTokenType.Null)
                envelope.Blame(RejectReason.NullValue, "after.placed_at");
            else
                ReadTime(ref reader, ref record, types.Times.PlacedAt, MissingColumns.BetPlacedAt, ref record.Bet.PlacedAt, "placed_at");
        }
        else if (name.SequenceEqual("payout"u8))
        {
            long payout = 0;
            record.Bet.Payout =
                !IsNull(ref reader, ref record, MissingColumns.BetPayout)
                && ReadAmount(ref reader, ref record, types.Payout, MissingColumns.BetPayout, ref payout, "payout")
                    ? payout
                    : null;
        }
        else if (name.SequenceEqual("settled_at"u8))
        {
            long settledAt = 0;
            record.Bet.SettledAt =
                !IsNull(ref reader, ref record, MissingColumns.BetSettledAt)
                && ReadTime(ref reader, ref record, types.Times.SettledAt, MissingColumns.BetSettledAt, ref settledAt, "settled_at")
                    ? settledAt
                    : null;
        }
    }

    /// <summary>NULL is a value: it was sent.</summary>
    static bool IsNull(ref Utf8JsonReader reader, ref DecodedRecord record, MissingColumns column)
    {
        if (reader.TokenType != JsonTokenType.Null)
            return false;
        record.MissingColumns &= ~column;
        return true;
    }

    bool ReadText(ref Utf8JsonReader reader, ref DecodedRecord record, MissingColumns column, ref ReadOnlyMemory<byte> value, string name)
    {
        if (!IsSent(ref reader, ref record, column))
            return false;
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                value = JsonText.Read(ref reader, payload);
                return true;
            case JsonTokenType.Null:
                record.Mark(column, name, ValueSubstitution.Null, "null"u8.ToArray());
                return false;
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                value = payload.Slice((int)reader.TokenStartIndex, reader.ValueSpan.Length);
                record.Mark(column, name, ValueSubstitution.Retyped, default);
                return true;
            default:
                envelope.Blame(RejectReason.WrongType, "after." + name);
                return false;
        }
    }

    void ReadId(ref Utf8JsonReader reader, ref DecodedRecord record, MissingColumns column, ref long value, string field)
    {
        if (!IsSent(ref reader, ref record, column))
            return;
        if (reader.TokenType == JsonTokenType.Null)
            envelope.Blame(RejectReason.NullValue, field);
        else if (JsonText.ReadId(ref reader, out value) is { } problem)
            envelope.Blame(problem, field);
    }

    bool ReadTime(ref Utf8JsonReader reader, ref DecodedRecord record, TimeUnit unit, MissingColumns column, ref long value, string name)
    {
        if (!IsSent(ref reader, ref record, column))
            return false;
        var original = reader.TokenType == JsonTokenType.Null ? default : Received(ref reader);
        var problem = TimeReader.Read(ref reader, unit, out value, out var mark);
        if (problem is not null)
            envelope.Blame(problem, "after." + name);
        else if (mark is not null)
            record.Mark(column, name, mark, original.IsEmpty ? "null"u8.ToArray() : original);
        return problem is null;
    }

    bool ReadAmount(ref Utf8JsonReader reader, ref DecodedRecord record, int scale, MissingColumns column, ref long value, string name)
    {
        if (!IsSent(ref reader, ref record, column))
            return false;
        if (reader.TokenType == JsonTokenType.Null)
        {
            record.Mark(column, name, ValueSubstitution.Null, "null"u8.ToArray());
            return true;
        }
        var text = reader.TokenType == JsonTokenType.StartObject ? default : Received(ref reader);
        var problem = DecimalReader.Read(ref reader, scale, out value, out var mark, out var original);
        if (problem is not null)
            envelope.Blame(problem, "after." + name);
        else if (mark is not null)
            record.Mark(column, name, mark, original ?? text);
        return problem is null;
    }

    /// <summary>A scalar as it stands in the record.</summary>
    ReadOnlyMemory<byte> Received(ref Utf8JsonReader reader) =>
        payload.Slice((int)reader.TokenStartIndex + (reader.TokenType == JsonTokenType.String ? 1 : 0), reader.ValueSpan.Length);

    /// <summary>False for an unchanged TOAST value, which PostgreSQL does not log.</summary>
    static bool IsSent(ref Utf8JsonReader reader, ref DecodedRecord record, MissingColumns column)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("__debezium_unavailable_value"u8))
        {
            record.Unchanged |= column;
            return false;
        }
        record.MissingColumns &= ~column;
        return true;
    }
}
