using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>Reads the changes of a batch's bets out of the columns that were inserted, row by row.</summary>
ref struct BetChangeRows(NativeRows rows)
{
    ColumnReader _id = Of(rows, "id"),
        _version = Of(rows, "version"),
        _deleted = Of(rows, "deleted"),
        _notSent = Of(rows, "not_sent"),
        _marks = Of(rows, "marks"),
        _user = Of(rows, "user_id"),
        _event = Of(rows, "event_id"),
        _placedAt = Of(rows, "placed_at"),
        _status = Of(rows, "status"),
        _amount = Of(rows, "amount"),
        _payoutIsNull = Of(rows, "payout"),
        _payout = Of(rows, "payout", 1),
        _settledAtIsNull = Of(rows, "settled_at"),
        _settledAt = Of(rows, "settled_at", 1);
    int _left = rows.Rows;

    /// <returns>Whether there was one more.</returns>
    public bool Next(out BetChange change)
    {
        if (_left == 0)
        {
            change = default;
            return false;
        }
        _left--;
        change = new BetChange
        {
            Id = _id.ReadInt64(),
            Version = _version.ReadUInt64(),
            Deleted = _deleted.ReadBool(),
            MissingColumns = _notSent.ReadUInt8(),
            Marks = _marks.ReadUInt8(),
            Key = SortingKey.Of(_placedAt.ReadInt64(), _user.ReadInt64(), _event.ReadInt64()),
            Status = _status.ReadString(),
            Amount = _amount.ReadInt64(),
            Payout = OrNull(ref _payoutIsNull, ref _payout),
            SettledAt = OrNull(ref _settledAtIsNull, ref _settledAt),
        };
        return true;
    }

    static long? OrNull(ref ColumnReader isNull, ref ColumnReader value)
    {
        var known = value.ReadInt64();
        return isNull.ReadBool() ? null : known;
    }

    static ColumnReader Of(NativeRows rows, string column, int stream = 0) => new(rows.Pieces(column, stream));
}
