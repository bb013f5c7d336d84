using System.Globalization;
using Betting.Contracts;
using Betting.Local.Capture.Delivery;
using Betting.Local.Capture.PgOutput;
using Betting.Local.Capture.Records;
using Betting.Local.Capture.Resume;
using Betting.Local.Capture.Source;
using Microsoft.Extensions.Logging;

namespace Betting.Local.Capture.Stream;

/// <summary>Turns messages of the replication stream into records, in their order.</summary>
sealed class ChangeSender(
    CaptureOptions options,
    Catalog catalog,
    Outbox outbox,
    RecordWriter records,
    RecordHeaders headers,
    Checkpoint start,
    ILogger log
)
{
    readonly ChangeTopics _topics = new(options.Prefix);
    readonly Dictionary<uint, TableJson?> _tables = []; // null: published, but not captured here
    readonly TransactionOrder _transaction = new();
    readonly byte[] _heartbeatKey = records.HeartbeatKey();
    long _commitMicros = start.CommitMicros;
    ulong? _lastCommit = start.LastCommit;
    ulong _lsn = start.Lsn;

    public bool InTransaction => _transaction.IsOpen;

    /// <summary>What has been sent, as of the end of the last transaction or of <see cref="AdvanceTo"/>.</summary>
    public Checkpoint Checkpoint => start with { Lsn = _lsn, LastCommit = _lastCommit, CommitMicros = _commitMicros };

    /// <summary>Notes that up to here PostgreSQL has nothing for us.</summary>
    public void AdvanceTo(ulong lsn) => _lsn = Math.Max(_lsn, lsn);

    public ValueTask HeartbeatAsync(CancellationToken stop) =>
        outbox.SendAsync(_topics.Heartbeats, _heartbeatKey, records.Heartbeat(), headers.Other, stop);

    /// <summary>Sends the records of one message. When it ends a transaction, <see cref="Checkpoint"/> is after it.</summary>
    public ValueTask SendAsync(PgOutputMessage message, ulong lsn, CancellationToken stop)
    {
        switch (message.Kind)
        {
            case MessageKind.Begin:
                _transaction.Begin(message.TransactionId, message.CommitMicros);
                _commitMicros = message.CommitMicros;
                return MarkAsync(lsn, end: false, stop);
            case MessageKind.Commit:
                var marked = MarkAsync(lsn, end: true, stop);
                _transaction.End();
                (_lastCommit, _lsn) = (lsn, lsn);
                return marked;
            case MessageKind.Relation:
                return new ValueTask(LearnAsync(message, stop));
            case MessageKind.Truncate:
                return TruncateAsync(message, lsn, stop);
            case MessageKind.Logical:
                return MessageAsync(message, lsn, stop);
            default:
                var table = _tables[message.Relation];
                return table is null ? ValueTask.CompletedTask : RowAsync(message, table, lsn, stop);
        }
    }

    ValueTask RowAsync(PgOutputMessage message, TableJson table, ulong lsn, CancellationToken stop)
    {
        switch (message.Kind)
        {
            case MessageKind.Insert:
                return ChangeAsync('c', table, records.Key(table, message.New), null, message.New, null, lsn, stop);
            case MessageKind.Delete:
                return DeleteAsync(table, message.Old, records.Key(table, message.Old), headers.Change, lsn, stop);
            case MessageKind.Update when message.HasOld && KeyDiffers(table, message):
                return MoveAsync(table, message, lsn, stop);
            default:
                var before = message.HasOld ? message.Old : null;
                return ChangeAsync('u', table, records.Key(table, message.New), before, message.New, before, lsn, stop);
        }
    }

    ValueTask ChangeAsync(char op, TableJson table, byte[]? key, Row? before, Row? after, Row? untouched, ulong lsn, CancellationToken stop)
    {
        byte[] value = records.Change(op, table, before, after, untouched, At(lsn), _transaction.Next(table.Table.FullName));
        return outbox.SendAsync(table.Table.Topic, key, value, headers.Change, stop);
    }

    async ValueTask DeleteAsync(TableJson table, Row old, byte[]? key, Confluent.Kafka.Headers with, ulong lsn, CancellationToken stop)
    {
        byte[] value = records.Change('d', table, old, null, null, At(lsn), _transaction.Next(table.Table.FullName));
        await outbox.SendAsync(table.Table.Topic, key, value, with, stop);
        if (key is not null)
            await outbox.SendAsync(table.Table.Topic, key, null, with, stop);
    }

    // A row under a new key: it ends under the old one, and begins under the new.
    async ValueTask MoveAsync(TableJson table, PgOutputMessage message, ulong lsn, CancellationToken stop)
    {
        byte[] oldKey = records.Key(table, message.Old)!,
            newKey = records.Key(table, message.New)!;
        await DeleteAsync(table, message.Old, oldKey, headers.MovedTo(newKey), lsn, stop);
        byte[] value = records.Change('c', table, null, message.New, message.Old, At(lsn), _transaction.Next(table.Table.FullName));
        await outbox.SendAsync(table.Table.Topic, newKey, value, headers.MovedFrom(oldKey), stop);
    }

    async ValueTask TruncateAsync(PgOutputMessage message, ulong lsn, CancellationToken stop)
    {
        foreach (uint relation in message.Truncated)
        {
            if (_tables[relation] is { } table)
                await ChangeAsync('t', table, null, null, null, null, lsn, stop);
        }
    }

    ValueTask MessageAsync(PgOutputMessage message, ulong lsn, CancellationToken stop)
    {
        Order? order = null;
        if (message.Transactional)
        {
            // The connector counts each message as a collection of its own, under the name of a Java object with its hash.
            order = _transaction.Next(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$LogicalDecodingMessageId@{lsn:x}{_transaction.Total:x}"
                )
            );
        }
        else
        {
            (_lastCommit, _lsn) = (lsn, lsn); // it is a commit of its own
        }
        var position = new Position(lsn, _lastCommit, message.Transactional ? _transaction.Id : null, _commitMicros);
        byte[] value = records.Message(message.Prefix, message.Content, position, order);
        return outbox.SendAsync(_topics.Messages, records.MessageKey(message.Prefix), value, headers.Other, stop);
    }

    ValueTask MarkAsync(ulong lsn, bool end, CancellationToken stop)
    {
        string id = RecordWriter.TransactionId(_transaction.Id, lsn);
        return outbox.SendAsync(
            _topics.Transactions,
            records.TransactionKey(id),
            records.TransactionMark(id, _transaction, end),
            headers.Other,
            stop
        );
    }

    async Task LearnAsync(PgOutputMessage message, CancellationToken stop)
    {
        string fullName = $"{message.Schema}.{message.Name}";
        if (!options.Tables.Contains(fullName))
        {
            _tables[message.Relation] = null;
            return;
        }
        var table = await catalog.TableAsync(message.Relation, message.Schema, message.Name, message.Columns, stop);
        // A table that has been dropped meanwhile has no key in the catalog any more; the one it had stays true.
        if (table.Key.Count == 0 && _tables.GetValueOrDefault(message.Relation) is { } before)
            table = table with { Key = before.Table.Key };
        _tables[message.Relation] = new TableJson(table);
        CaptureLog.TableSeen(log, fullName, string.Join(',', table.Columns.Select(column => column.Name)));
    }

    Position At(ulong lsn) => new(lsn, _lastCommit, _transaction.Id, _transaction.CommitMicros);

    static bool KeyDiffers(TableJson table, PgOutputMessage message)
    {
        foreach (int i in table.Key)
        {
            if (!message.Old.SameText(i, message.New))
                return true;
        }
        return false;
    }
}
