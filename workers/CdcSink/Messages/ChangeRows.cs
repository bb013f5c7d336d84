using System.Text;
using Betting.CdcSink.Formats;
using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>The changes of one batch as rows of the changelog tables, ready to be inserted.</summary>
public sealed class ChangeRows : IDisposable
{
    static readonly Column[] Common =
    [
        Column.Int64("id"),
        Column.UInt64("version"),
        Column.Bool("deleted"),
        Column.UInt32("transaction_id"),
        Column.Time("committed_at"),
        Column.Text("topic"),
        Column.Int32("partition"),
        Column.Int64("offset"),
        Column.UInt8("not_sent"),
        Column.UInt8("marks"),
        Column.Map("originals"),
    ];

    // Columns in the order in which the values are written below.
    static readonly Column[] OfUsers = [.. Common, Column.Text("name"), Column.Time("created_at")];
    static readonly Column[] OfEvents =
    [
        .. Common,
        Column.Text("name"),
        Column.Text("category"),
        Column.Time("start_time"),
        Column.Text("status"),
    ];
    static readonly Column[] OfBets =
    [
        .. Common,
        Column.Int64("user_id"),
        Column.Int64("event_id"),
        Column.Text("status"),
        Column.Money("amount"),
        Column.Money("payout").OrNull(),
        Column.Time("placed_at"),
        Column.Time("settled_at").OrNull(),
    ];
    static readonly Column[] Place =
    [
        Column.UInt64("version"),
        Column.UInt32("transaction_id"),
        Column.Time("committed_at"),
        Column.Text("topic"),
        Column.Int32("partition"),
        Column.Int64("offset"),
    ];

    public static readonly IReadOnlyList<Column> SnapshotMarkerColumns = [Column.Text("marker"), .. Place, Column.UInt8("settled")];

    readonly Dictionary<string, byte[]> _topics = [];

    public NativeRows Users { get; } = new(OfUsers);
    public NativeRows Events { get; } = new(OfEvents);
    public NativeRows Bets { get; } = new(OfBets);
    public NativeRows Truncations { get; } = new([Column.Text("table"), .. Place]);
    public NativeRows SnapshotMarkers { get; } = new(SnapshotMarkerColumns);
    public NativeRows Fences { get; } = new([Column.Text("prefix"), Column.Text("content"), .. Place]);
    public NativeRows Watermarks { get; } =
        new([
            Column.Time("at"),
            Column.UInt64("version"),
            Column.Text("topic"),
            Column.Int32("partition"),
            Column.Int64("offset"),
            Column.Uuid("id"),
            Column.Uuid("previous"),
            Column.UInt32("timeline"),
            Column.Uuid("publication"),
            Column.UInt8("whole"),
            Column.Time("started"),
        ]);

    public NativeRows ClockJumps { get; } =
        new([Column.Time("known_until"), Column.Time("known_again"), Column.UInt64("from_version"), Column.UInt64("fall_version")]);

    public int Bytes => Users.Length + Events.Length + Bets.Length + Truncations.Length + SnapshotMarkers.Length + Fences.Length;

    /// <summary>What the join reads, by table.</summary>
    public IEnumerable<(string Table, NativeRows Rows)> Tables =>
        [("user_changes", Users), ("event_changes", Events), ("bet_changes", Bets), ("truncations", Truncations)];

    /// <summary>A change of a row.</summary>
    public void Add(in StreamRecord record, in DecodedRecord change)
    {
        switch (change.Table)
        {
            case SourceTable.Users:
                AddCommon(Users, record, change);
                Users.WriteString(change.User.Name.Span);
                Users.WriteInt64(change.User.CreatedAt);
                Users.EndRow();
                break;
            case SourceTable.Events:
                AddCommon(Events, record, change);
                Events.WriteString(change.Event.Name.Span);
                Events.WriteString(change.Event.Category.Span);
                Events.WriteInt64(change.Event.StartTime);
                Events.WriteString(change.Event.Status.Span);
                Events.EndRow();
                break;
            case SourceTable.Bets:
                AddCommon(Bets, record, change);
                Bets.WriteInt64(change.Bet.UserId);
                Bets.WriteInt64(change.Bet.EventId);
                Bets.WriteString(change.Bet.Status.Span);
                Bets.WriteInt64(change.Bet.Amount);
                Bets.WriteNullableInt64(change.Bet.Payout);
                Bets.WriteInt64(change.Bet.PlacedAt);
                Bets.WriteNullableInt64(change.Bet.SettledAt);
                Bets.EndRow();
                break;
        }
    }

    /// <summary>The end of all rows of <paramref name="table"/> at <paramref name="version"/>.</summary>
    public void AddTruncation(in StreamRecord record, in DecodedRecord change, SourceTable table, ChangeVersion version)
    {
        Truncations.WriteString(
            table switch
            {
                SourceTable.Users => "users"u8,
                SourceTable.Events => "events"u8,
                _ => "bets"u8,
            }
        );
        Truncations.WriteUInt64(version.Value);
        Truncations.WriteUInt32(change.TransactionId);
        Truncations.WriteInt64(change.CommitTime);
        AddPlace(Truncations, record);
        Truncations.EndRow();
    }

    /// <summary>The first or the last read of a snapshot.</summary>
    public void AddSnapshotMarker(in StreamRecord record, in DecodedRecord read, string marker) =>
        AddSnapshotMarker(SnapshotMarkers, record, read, marker, Settlement.Open);

    /// <inheritdoc cref="AddSnapshotMarker(in StreamRecord, in DecodedRecord, string)"/>
    public static void AddSnapshotMarker(NativeRows rows, in StreamRecord record, in DecodedRecord read, string marker, Settlement settled)
    {
        rows.WriteString(Encoding.UTF8.GetBytes(marker));
        rows.WriteUInt64(read.Version.Value);
        rows.WriteUInt32(read.TransactionId);
        rows.WriteInt64(read.CommitTime);
        rows.WriteString(Encoding.UTF8.GetBytes(record.Topic));
        rows.WriteInt32(record.Partition);
        rows.WriteInt64(record.Offset);
        rows.WriteUInt8((byte)settled);
        rows.EndRow();
    }

    /// <summary>Records of a partition were left out: reads of the snapshot that was read meanwhile may be among them.</summary>
    /// <param name="rows">Those of <c>snapshot_markers</c>.</param>
    /// <param name="next">The first record that is read again, without content.</param>
    /// <param name="version">The highest one that came of its topic.</param>
    /// <param name="committedAt">When the last change before it was committed; microseconds since 1970 UTC.</param>
    public static void AddSkipped(NativeRows rows, in StreamRecord next, ChangeVersion version, long committedAt) =>
        AddSnapshotMarker(
            rows,
            next,
            new DecodedRecord { Version = version, CommitTime = committedAt },
            SnapshotEnd.SkippedMarker,
            Settlement.Open
        );

    /// <summary>A logical message.</summary>
    public void AddFence(in StreamRecord record, in DecodedRecord message)
    {
        Fences.WriteString(message.Prefix.Span);
        Fences.WriteString(message.Content.Span);
        Fences.WriteUInt64(message.Version.Value);
        Fences.WriteUInt32(message.TransactionId);
        Fences.WriteInt64(message.CommitTime);
        AddPlace(Fences, record);
        Fences.EndRow();
    }

    /// <summary>A watermark.</summary>
    /// <param name="record">The logical message.</param>
    /// <param name="message">The same, decoded.</param>
    /// <param name="at">PostgreSQL's clock when it wrote the message, microseconds since 1970 UTC.</param>
    /// <param name="link">Which watermark precedes it.</param>
    public void AddWatermark(in StreamRecord record, in DecodedRecord message, long at, in WatermarkLink link)
    {
        Watermarks.WriteInt64(at);
        Watermarks.WriteUInt64(message.Version.Value);
        AddPlace(Watermarks, record);
        Watermarks.WriteUuid(link.Id);
        Watermarks.WriteUuid(link.Previous);
        Watermarks.WriteUInt32(link.Timeline);
        Watermarks.WriteUuid(link.Publication);
        Watermarks.WriteUInt8((byte)(link.IsIncomplete ? 0 : 1));
        Watermarks.WriteInt64(link.StartedAt);
        Watermarks.EndRow();
    }

    /// <summary>A fall of PostgreSQL's clock.</summary>
    public void Add(in ClockJump jump)
    {
        ClockJumps.WriteInt64(jump.KnownUntil);
        ClockJumps.WriteInt64(jump.KnownAgain);
        ClockJumps.WriteUInt64(jump.From.Value);
        ClockJumps.WriteUInt64(jump.Fall.Value);
        ClockJumps.EndRow();
    }

    public void Dispose()
    {
        Users.Dispose();
        Events.Dispose();
        Bets.Dispose();
        Truncations.Dispose();
        SnapshotMarkers.Dispose();
        Fences.Dispose();
        Watermarks.Dispose();
        ClockJumps.Dispose();
    }

    void AddCommon(NativeRows rows, in StreamRecord record, in DecodedRecord change)
    {
        rows.WriteInt64(change.Id);
        rows.WriteUInt64(change.Version.Value);
        rows.WriteBool(change.Operation == Operation.Delete);
        rows.WriteUInt32(change.TransactionId);
        rows.WriteInt64(change.CommitTime);
        AddPlace(rows, record);
        rows.WriteUInt8((byte)change.MissingColumns);
        rows.WriteUInt8((byte)change.Marked);
        AddOriginals(rows, change.Marks);
    }

    /// <summary>What was received in place of what the columns can hold: Map(String, String) by the source's column.</summary>
    static void AddOriginals(NativeRows rows, List<MarkedValue>? marks)
    {
        foreach (var mark in marks ?? [])
        {
            if (!mark.Original.IsEmpty)
            {
                rows.WritePair(Encoding.UTF8.GetBytes(mark.Name), mark.Original.Span);
            }
        }
        rows.EndMap();
    }

    void AddPlace(NativeRows rows, in StreamRecord record)
    {
        if (!_topics.TryGetValue(record.Topic, out var topic))
        {
            _topics[record.Topic] = topic = Encoding.UTF8.GetBytes(record.Topic);
        }
        rows.WriteString(topic);
        rows.WriteInt32(record.Partition);
        rows.WriteInt64(record.Offset);
    }
}
