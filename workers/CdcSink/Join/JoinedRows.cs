using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using Betting.Debezium;

namespace Betting.CdcSink.Join;

/// <summary>
/// The join: from the states of bets, users and events to the rows and delete markers of <c>bets_analytics_rows</c>.
/// <see cref="JoinStatement"/> says the same in SQL, for what never leaves ClickHouse; a test compares the two.
/// </summary>
static class JoinedRows
{
    /// <summary>In the order in which a row's values are written.</summary>
    public static IReadOnlyList<Column> Columns { get; } =
    [
        Column.Int64("bet_id"),
        Column.Text("bet_status"),
        Column.Money("bet_amount"),
        Column.Money("payout").OrNull(),
        Column.Time("placed_at"),
        Column.Time("settled_at").OrNull(),
        Column.Int64("user_id"),
        Column.Text("user_name"),
        Column.Time("user_created_at").OrNull(),
        Column.Int64("event_id"),
        Column.Text("event_name"),
        Column.Text("event_category"),
        Column.Time("event_start_time").OrNull(),
        Column.Text("event_status"),
        Column.UInt64("bet_version"),
        Column.UInt64("user_version"),
        Column.UInt64("event_version"),
        Column.UInt128("version"),
        Column.UInt8("is_deleted"),
        Column.UInt16("marks"),
    ];

    const int UserMarks = 128,
        EventMarks = 512;

    /// <param name="rows">Where they are written.</param>
    /// <param name="filled">Where rows are noted that a late change may alter.</param>
    /// <param name="bets">The bets.</param>
    /// <param name="users">All that the bets name.</param>
    /// <param name="events">All that the bets name.</param>
    /// <param name="ended">The versions at which tables were emptied.</param>
    public static void Write(
        NativeRows rows,
        List<FilledRow> filled,
        ById<BetState> bets,
        ById<UserState> users,
        ById<EventState> events,
        TruncationVersions ended
    )
    {
        for (var index = 0; index < bets.Ids.Length; index++)
        {
            Write(rows, filled, bets.Ids.Span[index], bets[index], bets.Texts, users, events, ended);
        }
    }

    /// <summary>Those that are known as a whole.</summary>
    public static void Write(
        NativeRows rows,
        List<FilledRow> filled,
        OwnChanges own,
        ById<UserState> users,
        ById<EventState> events,
        TruncationVersions ended
    )
    {
        for (var index = 0; index < own.Ids.Length; index++)
        {
            if (own.TryState(index, out var bet))
            {
                Write(rows, filled, own.Ids.Span[index], bet, own.Texts, users, events, ended);
            }
        }
    }

    static void Write(
        NativeRows rows,
        List<FilledRow> filled,
        long id,
        in BetState bet,
        TextArena texts,
        ById<UserState> users,
        ById<EventState> events,
        TruncationVersions ended
    )
    {
        var isThere = bet.Latest.IsThere(ended.Bets);
        for (var each = 0; each < bet.Keys; each++)
        {
            var key = bet.KeyAt(each);
            if (isThere && key == bet.Key)
            {
                WriteRow(rows, filled, id, bet, texts, users, events, ended);
            }
            else
            {
                WriteMarker(rows, id, key, Math.Max(bet.Latest.Version, ended.Bets));
            }
        }
    }

    static void WriteRow(
        NativeRows rows,
        List<FilledRow> filled,
        long id,
        in BetState bet,
        TextArena texts,
        ById<UserState> users,
        ById<EventState> events,
        TruncationVersions ended
    )
    {
        ref readonly var user = ref users[users.Find(bet.Key.UserId)];
        ref readonly var played = ref events[events.Find(bet.Key.EventId)];
        var (hasUser, hasEvent) = (user.Latest.IsThere(ended.Users), played.Latest.IsThere(ended.Events));
        var (betVersion, userVersion, eventVersion) = (
            Math.Max(bet.Latest.Version, ended.Bets),
            Math.Max(user.Latest.Version, ended.Users),
            Math.Max(played.Latest.Version, ended.Events)
        );
        rows.WriteInt64(id);
        rows.WriteString(texts[bet.Status.Value]);
        rows.WriteInt64(bet.Amount.Value);
        rows.WriteNullableInt64(bet.Payout.Value);
        rows.WriteInt64(bet.Key.PlacedAt);
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
        var version = new UInt128(betVersion, unchecked(userVersion + eventVersion));
        rows.WriteUInt128(version);
        rows.WriteBool(false);
        rows.WriteUInt16((ushort)(bet.Marks + (hasUser ? UserMarks * user.Marks : 0) + (hasEvent ? EventMarks * played.Marks : 0)));
        rows.EndRow();
        if (FilledRow.Of(id, version, bet.Filling, hasUser ? user.Filling : default, hasEvent ? played.Filling : default) is { } row)
        {
            filled.Add(row);
        }
    }

    /// <summary>Ends a sorting key that the bet had and has no more.</summary>
    static void WriteMarker(NativeRows rows, long id, SortingKey key, ulong betVersion)
    {
        rows.WriteInt64(id);
        rows.WriteString([]);
        rows.WriteInt64(0);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(key.PlacedAt);
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
        rows.WriteUInt128(new UInt128(betVersion, 0));
        rows.WriteBool(true);
        rows.WriteUInt16(0);
        rows.EndRow();
    }

    static long Shown(long time) => Math.Clamp(time, PostgresTime.EarliestShown, PostgresTime.LatestShown);
}
