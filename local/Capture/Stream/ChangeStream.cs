using System.Buffers;
using Betting.Local.Capture.Delivery;
using Betting.Local.Capture.PgOutput;
using Betting.Local.Capture.Resume;
using Npgsql.Replication;
using Npgsql.Replication.Internal;
using Npgsql.Replication.PgOutput;
using NpgsqlTypes;

namespace Betting.Local.Capture.Stream;

/// <summary>
/// Reads the replication stream, and from time to time sends heartbeats, records how far Kafka has acknowledged, and tells PostgreSQL.
/// </summary>
/// <remarks>
/// Progress is recorded in the checkpoint file first and confirmed to PostgreSQL then, so after any kill the file is not behind the
/// slot, and what comes again comes with the same <c>sequence</c>.
/// </remarks>
sealed class ChangeStream(
    CaptureOptions options,
    ChangeSender sender,
    HeartbeatAction action,
    Outbox outbox,
    CheckpointFile file,
    CaptureStatus status,
    TimeProvider time
)
{
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan ConfirmEvery = TimeSpan.FromMilliseconds(500);

    readonly PgOutputMessage _message = new();
    long _lastTick,
        _lastHeartbeat,
        _lastConfirm;
    ulong _quietAt,
        _confirmed;
    Checkpoint? _reached;

    /// <summary>Runs until stopped; then delivers and confirms what was read.</summary>
    /// <exception cref="CaptureFaultException">PostgreSQL ended the stream, or Kafka refused a record.</exception>
    public async Task RunAsync(LogicalReplicationConnection connection, Checkpoint from, CancellationToken stop)
    {
        _confirmed = from.Lsn;
        connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(from.Lsn));
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var messages = connection.StartLogicalReplication(
            new PgOutputReplicationSlot(options.Slot),
            reading.Token,
            new NpgsqlLogSequenceNumber(from.Lsn),
            PluginOptions(),
            bypassingStream: false
        );
        try
        {
            await using var reader = messages.GetAsyncEnumerator(reading.Token);
            while (await NextAsync(reader, connection, reading, stop))
                await HandleAsync(reader.Current, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await FinishAsync();
            throw;
        }
        throw new CaptureFaultException("PostgreSQL ended the replication stream");
    }

    IEnumerable<KeyValuePair<string, string?>> PluginOptions() =>
        [new("proto_version", "1"), new("publication_names", $"\"{options.Publication}\""), new("messages", "true")];

    async ValueTask<bool> NextAsync(
        IAsyncEnumerator<XLogDataMessage> reader,
        LogicalReplicationConnection connection,
        CancellationTokenSource reading,
        CancellationToken stop
    )
    {
        if (time.GetElapsedTime(_lastTick) >= Tick)
            await TickAsync(connection, stop);
        var next = reader.MoveNextAsync();
        if (next.IsCompleted)
            return await next;

        var waiting = next.AsTask();
        try
        {
            while (!waiting.IsCompleted)
            {
                await Task.WhenAny(waiting, Task.Delay(Tick, time, stop));
                if (waiting.IsCompleted)
                    break;
                NoteQuiet((ulong)connection.LastReceivedLsn);
                await TickAsync(connection, stop);
            }
        }
        catch
        {
            // The reader cannot be disposed of while it waits: it would throw NotSupportedException, which hides what has failed.
            await reading.CancelAsync();
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        _quietAt = 0;
        return await waiting;
    }

    async ValueTask HandleAsync(XLogDataMessage received, CancellationToken stop)
    {
        int length = (int)received.Data.Length;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await received.Data.ReadExactlyAsync(bytes.AsMemory(0, length), stop);
            if (!PgOutputParser.TryRead(bytes.AsSpan(0, length), _message))
                return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
        ulong lsn = (ulong)received.WalStart;
        await sender.SendAsync(_message, lsn, stop);
        status.ReadLsn = lsn;
        if (_message.Kind == MessageKind.Commit)
            NoteCommit();
        if (!sender.InTransaction)
            outbox.Mark(sender.Checkpoint, now: false);
    }

    void NoteCommit()
    {
        long micros = sender.Checkpoint.CommitMicros;
        status.CommitMicros = micros;
        status.LagMs = Math.Max(0, ((time.GetUtcNow().Ticks - DateTimeOffset.UnixEpoch.Ticks) / 10 - micros) / 1000.0);
    }

    // PostgreSQL tells how far it has looked when it has nothing for us. The number may belong to a message that is just being
    // received, so it counts only when a whole tick later nothing has come.
    void NoteQuiet(ulong received)
    {
        if (!sender.InTransaction && received == _quietAt && received > sender.Checkpoint.Lsn)
        {
            sender.AdvanceTo(received);
            outbox.Mark(sender.Checkpoint, now: true);
        }
        _quietAt = received;
    }

    async ValueTask TickAsync(LogicalReplicationConnection connection, CancellationToken stop)
    {
        _lastTick = time.GetTimestamp();
        if (_lastHeartbeat == 0 || time.GetElapsedTime(_lastHeartbeat) >= options.Heartbeat)
        {
            _lastHeartbeat = _lastTick;
            await sender.HeartbeatAsync(stop);
            await action.RunAsync(stop);
        }
        if (!sender.InTransaction && outbox.HasUnmarked)
            outbox.Mark(sender.Checkpoint, now: true);
        _reached = outbox.Reached() ?? _reached;
        status.UnderWay = outbox.UnderWay;
        if (time.GetElapsedTime(_lastConfirm) >= ConfirmEvery && Record() is { } lsn)
        {
            _lastConfirm = time.GetTimestamp();
            await ConfirmAsync(connection, lsn, stop);
        }
    }

    /// <summary>Tells PostgreSQL how far it may forget its log.</summary>
    /// <exception cref="CaptureFaultException">The replication stream ended meanwhile.</exception>
    static async Task ConfirmAsync(LogicalReplicationConnection connection, ulong lsn, CancellationToken stop)
    {
        try
        {
            connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(lsn));
            await connection.SendStatusUpdate(stop);
        }
        // A read is pending on the same connection. When PostgreSQL ends its walsender, that read gives up the connection and its
        // timers, and Npgsql's SendStatusUpdate then fails in one of these ways instead of saying that the stream has ended.
        catch (Exception ended) when (ended is NullReferenceException or InvalidOperationException)
        {
            throw new CaptureFaultException("the replication stream ended while progress was confirmed", ended);
        }
    }

    /// <returns>What may be confirmed to PostgreSQL, if it is news.</returns>
    ulong? Record()
    {
        if (_reached is not { } reached || reached.Lsn <= _confirmed)
            return null;
        file.Write(reached);
        status.ConfirmedLsn = _confirmed = reached.Lsn;
        return reached.Lsn;
    }

    // The connection is closed by now; the file alone says where to go on, and the slot follows at the next start.
    async Task FinishAsync()
    {
        if (!sender.InTransaction)
            outbox.Mark(sender.Checkpoint, now: true);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        try
        {
            await outbox.DrainAsync(patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return; // Kafka is away: what is not acknowledged comes again
        }
        _reached = outbox.Reached() ?? _reached;
        Record();
    }
}
