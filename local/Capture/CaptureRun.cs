using Betting.Local.Capture.Delivery;
using Betting.Local.Capture.Records;
using Betting.Local.Capture.Resume;
using Betting.Local.Capture.Source;
using Betting.Local.Capture.Stream;
using Microsoft.Extensions.Logging;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;

namespace Betting.Local.Capture;

/// <summary>One run from connecting to the first failure: goes on at the checkpoint, or takes a snapshot, then streams.</summary>
sealed class CaptureRun(CaptureOptions options, CheckpointFile file, CaptureStatus status, TimeProvider time, ILogger log)
{
    readonly Guid _run = Guid.CreateVersion7(time.GetUtcNow());

    public async Task RunAsync(CancellationToken stop)
    {
        status.Phase = Phase.Connecting;
        string postgres = ConnectionString(options.Postgres);
        await using var source = NpgsqlDataSource.Create(postgres);
        await using var connection = new LogicalReplicationConnection(postgres)
        {
            WalReceiverStatusInterval = TimeSpan.FromSeconds(5),
            WalReceiverTimeout = TimeSpan.FromSeconds(30),
        };
        await connection.Open(stop);
        var system = await connection.IdentifySystem(stop);
        var catalog = new Catalog(source, options);
        var slots = new ReplicationSlots(source, options.Slot);

        using var outbox = new Outbox(options.Kafka, status, time, message => CaptureLog.KafkaClient(log, message.Message));
        using var records = new RecordWriter(options.Prefix, system.DbName ?? "", time);
        var headers = new RecordHeaders(options.Prefix, options.Epoch, _run);

        var start = Start.Decide(file.Read(), await slots.StateAsync(stop), options.Slot, system.SystemId);
        var from = start.From;
        if (from is null)
        {
            Announce(start);
            await PrepareAsync(slots, stop);
            var slot = await connection.CreatePgOutputReplicationSlot(
                options.Slot,
                slotSnapshotInitMode: LogicalSlotSnapshotInitMode.Export,
                cancellationToken: stop
            );
            from = await SnapshotAsync(new Snapshot(catalog, outbox, records, headers), source, slot, system.SystemId, outbox, stop);
        }

        status.Phase = Phase.Streaming;
        status.ConfirmedLsn = from.Lsn;
        CaptureLog.Streaming(log, from.Lsn);
        var sender = new ChangeSender(options, catalog, outbox, records, headers, from, log);
        await new ChangeStream(
            options,
            sender,
            new HeartbeatAction(source, options.HeartbeatActionQuery),
            outbox,
            file,
            status,
            time
        ).RunAsync(connection, from, stop);
    }

    void Announce(Start start)
    {
        status.Phase = Phase.Snapshot;
        status.Snapshots++;
        status.ConfirmedLsn = 0;
        CaptureLog.SnapshotBegins(log, start.Reason);
        if (start.GapPossible)
            CaptureLog.SnapshotRepeats(log, options.Epoch, start.Reason);
    }

    // The file goes first: a kill between these steps must find no checkpoint, and so begin the snapshot again.
    async Task PrepareAsync(ReplicationSlots slots, CancellationToken stop)
    {
        file.Delete();
        await slots.DropAsync(stop);
    }

    async Task<Checkpoint> SnapshotAsync(
        Snapshot snapshot,
        NpgsqlDataSource source,
        PgOutputReplicationSlot slot,
        string systemId,
        Outbox outbox,
        CancellationToken stop
    )
    {
        long began = time.GetTimestamp();
        ulong lsn = (ulong)slot.ConsistentPoint;
        long rows = await snapshot.SendAsync(source, slot.SnapshotName!, lsn, options.Tables, stop);
        await outbox.DrainAsync(stop);
        var checkpoint = new Checkpoint(options.Slot, systemId, lsn, null, time.GetUtcNow().ToUnixTimeMilliseconds() * 1000);
        file.Write(checkpoint);
        CaptureLog.SnapshotComplete(log, rows, lsn, time.GetElapsedTime(began).TotalSeconds);
        return checkpoint;
    }

    // Texts of timestamps must come in one form, whatever the server or the role is set to.
    static string ConnectionString(string given)
    {
        var builder = new NpgsqlConnectionStringBuilder(given) { ApplicationName = "local-capture" };
        builder.Options = $"{builder.Options} -c TimeZone=UTC -c DateStyle=ISO,YMD".TrimStart();
        return builder.ConnectionString;
    }
}
