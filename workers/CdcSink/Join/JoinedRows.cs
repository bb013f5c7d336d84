using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Join;

/// <summary>
/// The join: from the states of bets, users and events to the rows and delete markers of <c>bets_analytics_rows</c>.
/// <see cref="JoinStatement"/> says the same in SQL, for what never leaves ClickHouse; a test compares the two.
/// </summary>
static class JoinedRows
{
    public const string Columns = "bet_id, bet_status, bet_amount, payout, placed_at, settled_at, user_id, user_name, user_created_at, event_id, event_name, event_category, "
        + "event_start_time, event_status, bet_version, user_version, event_version, version, is_deleted, marks";

    // What DateTime64 can show, in microseconds since 1970: 1900-01-01 to 2299-12-31 23:59:59.999999.
    const long Earliest = -2_208_988_800_000_000, Last = 10_413_791_999_999_999;

    const int UserMarks = 128, EventMarks = 512;

    public static void Write(RowBinaryBuffer rows, ById<BetState> bets, ById<UserState> users, ById<EventState> events, Ended ended)
    {
        for (var index = 0; index < bets.Ids.Length; index++)
        {
            ref readonly var bet = ref bets[index];
            var isThere = bet.Latest.IsThere(ended.Bets);
            for (var each = 0; each < bet.Keys; each++)
            {
                var key = bet.KeyAt(each);
                if (isThere && key == bet.Key)
                {
                    WriteRow(rows, bets.Ids.Span[index], bet, bets.Texts, users, events, ended);
                }
                else
                {
                    WriteMarker(rows, bets.Ids.Span[index], key, Math.Max(bet.Latest.Version, ended.Bets));
                }
            }
        }
    }

    static void WriteRow(RowBinaryBuffer rows, long id, in BetState bet, TextArena texts, ById<UserState> users, ById<EventState> events, Ended ended)
    {
        ref readonly var user = ref users[users.Find(bet.Key.UserId)];
        ref readonly var played = ref events[events.Find(bet.Key.EventId)];
        var (hasUser, hasEvent) = (user.Latest.IsThere(ended.Users), played.Latest.IsThere(ended.Events));
        var (betVersion, userVersion, eventVersion) = (Math.Max(bet.Latest.Version, ended.Bets), Math.Max(user.Latest.Version, ended.Users), Math.Max(played.Latest.Version, ended.Events));
        rows.WriteInt64(id);
        rows.WriteString(texts[bet.Status.Value]);
        rows.WriteInt64(bet.Amount.Value);
        rows.WriteNullableInt64(bet.Payout.Value);
        rows.WriteInt64(Shown(bet.Key.PlacedAt));
        rows.WriteNullableInt64(bet.SettledAt.Value is { } settledAt ? Shown(settledAt) : null);
        rows.WriteInt64(bet.Key.UserId);
        rows.WriteString(hasUser ? users.Texts[user.Name.Value] : []);
        rows.WriteNullableInt64(hasUser ? Shown(user.CreatedAt.Value) : null);
        rows.WriteInt64(bet.Key.EventId);
        rows.WriteString(hasEvent ? events.Texts[played.Name.Value] : []);
        rows.WriteString(hasEvent ? events.Texts[played.Category.Value] : []);
        rows.WriteNullableInt64(hasEvent ? Shown(played.StartTime.Value) : null);
        rows.WriteString(hasEvent ? events.Texts[played.Status.Value] : []);
        rows.WriteUInt64(betVersion);
        rows.WriteUInt64(userVersion);
        rows.WriteUInt64(eventVersion);
        WriteVersion(rows, betVersion, unchecked(userVersion + eventVersion));
        rows.WriteBool(false);
        WriteMarks(rows, bet.Marks + (hasUser ? UserMarks * user.Marks : 0) + (hasEvent ? EventMarks * played.Marks : 0));
        rows.EndRow();
    }

    /// <summary>Ends a sorting key that the bet had and has no more.</summary>
    static void WriteMarker(RowBinaryBuffer rows, long id, SortingKey key, ulong betVersion)
    {
        rows.WriteInt64(id);
        rows.WriteString([]);
        rows.WriteInt64(0);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(Shown(key.PlacedAt));
        rows.WriteNullableInt64(null);
        rows.WriteInt64(key.UserId);
        rows.WriteString([]);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(key.EventId);
        rows.WriteString([]);
        rows.WriteString([]);
        rows.WriteNullableInt64(null);
        rows.WriteString([]);
        rows.WriteUInt64(betVersion);
        rows.WriteUInt64(0);
        rows.WriteUInt64(0);
        WriteVersion(rows, betVersion, 0);
        rows.WriteBool(true);
        WriteMarks(rows, 0);
        rows.EndRow();
    }

    /// <summary>UInt128: the low half first.</summary>
    static void WriteVersion(RowBinaryBuffer rows, ulong bet, ulong dimensions)
    {
        rows.WriteUInt64(dimensions);
        rows.WriteUInt64(bet);
    }

    /// <summary>UInt16.</summary>
    static void WriteMarks(RowBinaryBuffer rows, int marks)
    {
        rows.WriteUInt8((byte)marks);
        rows.WriteUInt8((byte)(marks >> 8));
    }

    static long Shown(long time) => Math.Clamp(time, Earliest, Last);
}
