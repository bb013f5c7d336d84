using System.Text;
using Betting.Debezium;

namespace Betting.CdcSink.Batches;

/// <summary>The changes of one batch as rows of the changelog tables, ready to be inserted.</summary>
public sealed class ChangeRows : IDisposable
{
    const string Common = "id, version, deleted, transaction_id, committed_at, topic, partition, offset, not_sent, marks, originals";

    readonly Dictionary<string, byte[]> _topics = [];

    public RowBinaryBuffer Users { get; } = new();
    public RowBinaryBuffer Events { get; } = new();
    public RowBinaryBuffer Bets { get; } = new();
    public RowBinaryBuffer Truncations { get; } = new();
    public RowBinaryBuffer Fences { get; } = new();

    public int Bytes => Users.Length + Events.Length + Bets.Length + Truncations.Length + Fences.Length;

    /// <summary>Tables with their columns, in the order in which the rows were written.</summary>
    public IEnumerable<(string Table, string Columns, RowBinaryBuffer Rows)> Tables =>
    [
        ("user_changes", Common + ", name, created_at", Users),
        ("event_changes", Common + ", name, category, start_time, status", Events),
        ("bet_changes", Common + ", user_id, event_id, status, amount, payout, placed_at, settled_at", Bets),
        ("truncations", "table, version, transaction_id, committed_at, topic, partition, offset", Truncations),
    ];

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
        Truncations.WriteString(table switch { SourceTable.Users => "users"u8, SourceTable.Events => "events"u8, _ => "bets"u8 });
        Truncations.WriteUInt64(version.Value);
        Truncations.WriteUInt32(change.TransactionId);
        Truncations.WriteInt64(change.CommitTime);
        AddPlace(Truncations, record);
        Truncations.EndRow();
    }

    /// <summary>A logical message; columns prefix, content, version, transaction_id, committed_at, topic, partition, offset.</summary>
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

    public void Dispose()
    {
        Users.Dispose();
        Events.Dispose();
        Bets.Dispose();
        Truncations.Dispose();
        Fences.Dispose();
    }

    void AddCommon(RowBinaryBuffer rows, in StreamRecord record, in DecodedRecord change)
    {
        rows.WriteInt64(change.Id);
        rows.WriteUInt64(change.Version.Value);
        rows.WriteBool(change.Operation == Operation.Delete);
        rows.WriteUInt32(change.TransactionId);
        rows.WriteInt64(change.CommitTime);
        AddPlace(rows, record);
        rows.WriteUInt8((byte)change.NotSent);
        rows.WriteUInt8((byte)change.Marked);
        AddOriginals(rows, change.Marks);
    }

    /// <summary>What was received in place of what the columns can hold: Map(String, String) by the source's column.</summary>
    static void AddOriginals(RowBinaryBuffer rows, List<MarkedValue>? marks)
    {
        var kept = marks?.Count(mark => !mark.Original.IsEmpty) ?? 0;
        rows.WriteLength(kept);
        for (var i = 0; kept > 0 && i < marks!.Count; i++)
        {
            if (!marks[i].Original.IsEmpty)
            {
                rows.WriteString(Encoding.UTF8.GetBytes(marks[i].Name));
                rows.WriteString(marks[i].Original.Span);
            }
        }
    }

    void AddPlace(RowBinaryBuffer rows, in StreamRecord record)
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
