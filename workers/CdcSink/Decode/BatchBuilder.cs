using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;
using Betting.Contracts;
using Betting.Debezium;

namespace Betting.CdcSink.Decode;

/// <summary>Decodes records in their order and gathers what they ask for into batches. For one thread; one for each assignment.</summary>
public sealed class BatchBuilder(RecordDecoder decoder, CdcSinkOptions options, CdcSinkMetrics? metrics, TimeProvider clock)
{
    // A batch that will soon be full is worth waiting for: parts, merges and what is read for the join are paid by the batch.
    const int FastPatience = 3;

    // A record in Debezium's form takes about ten times its row in memory. Where most of a batch's records give no rows, this bounds it.
    const int RecordsPerRow = 16;

    // Debezium gives all reads of a snapshot one position. Reads that have one each are of something else, and each would be looked at.
    const int MostSnapshots = 1000;

    readonly TombstoneRule _tombstones = new();
    readonly CommitClock _commits = new();
    readonly byte[] _fence = System.Text.Encoding.UTF8.GetBytes(Topics.FencePrefix),
        _watermark = System.Text.Encoding.UTF8.GetBytes(Topics.WatermarkPrefix);
    ChangeBatch? _batch;

    /// <summary>True for the records of an archive. Its batches keep them, because an archive is not read a second time.</summary>
    public bool IsReplay { get; init; }

    /// <summary>The batch whose records these are, where it is divided; null where they are read for the first time.</summary>
    public ChangeBatch? PartOf { get; init; }

    public int Records => _batch?.Records ?? 0;

    /// <summary>Whether the batch has its size: nothing more is to be added.</summary>
    public bool IsFull =>
        _batch is { } batch
        && (
            batch.Records >= options.BatchRecords
            || batch.Rows.Bytes + batch.LetterBytes >= options.BatchBytes
            || batch.RecordBytes >= RecordsPerRow * (long)options.BatchBytes
        );

    /// <summary>Whether its first record has waited long enough. It may still grow while nobody has time for it.</summary>
    public bool IsDue =>
        _batch is { } batch
        && (IsFull || clock.GetElapsedTime(batch.StartedAt) / (FillsFast(batch) ? FastPatience : 1) >= options.BatchAge);

    /// <summary>The next record of this partition is not the one behind the last: it was sent back, or its topic is another one.</summary>
    public void BeginAnew(string topic, int partition)
    {
        _tombstones.Forget(topic, partition);
        _commits.Forget(topic, partition);
    }

    /// <summary>Adds one record; what it was is in <paramref name="decoded"/>.</summary>
    public void Add(in StreamRecord record, out DecodedRecord decoded)
    {
        decoder.Decode(record, out decoded);
        var batch = _batch ??= new ChangeBatch
        {
            StartedAt = clock.GetTimestamp(),
            IsReplay = IsReplay,
            PartOf = PartOf,
        };
        batch.Records++;
        batch.RecordBytes += record.Memory;
        if (IsReplay)
        {
            (batch.Kept ??= []).Add(record);
        }
        if (_tombstones.IsAlone(record, decoded))
        {
            decoded = new DecodedRecord
            {
                Kind = RecordKind.Undecodable,
                Reason = RejectReason.TombstoneWithoutDelete,
                Field = "value",
            };
        }
        switch (decoded.Kind)
        {
            case RecordKind.RowChange:
                batch.Rows.Add(record, decoded);
                batch.Touched.Add(decoded);
                batch.LastChanges[decoded.Table] = (decoded.Id, decoded.Version.Value);
                if (decoded.Table != SourceTable.Bets)
                {
                    batch.DimensionTopics.Add(record.Topic);
                }
                AddSnapshotMarks(batch, record, decoded);
                AddCommitTime(batch, record, decoded);
                break;
            case RecordKind.Truncate:
                batch.Rows.AddTruncation(record, decoded, decoded.Table, decoded.Version);
                batch.Touched.Add(decoded);
                break;
            case RecordKind.Message when decoded.Prefix.Span.SequenceEqual(_fence):
                batch.Rows.AddFence(record, decoded);
                break;
            case RecordKind.Message when decoded.Prefix.Span.SequenceEqual(_watermark):
                AddWatermark(batch, record, ref decoded);
                break;
            case RecordKind.Undecodable:
                batch.Add(new DeadLetter(record, decoded.Reason!, decoded.Field));
                break;
        }
        metrics?.Record(record.Topic, decoded);
    }

    /// <summary>Hands the batch over and begins a new one; null where nothing was added.</summary>
    public ChangeBatch? Take()
    {
        metrics?.TellRecords();
        var batch = _batch;
        _batch = null;
        return batch;
    }

    bool FillsFast(ChangeBatch batch) => batch.Records >= options.BatchRecords / 4;

    static void AddWatermark(ChangeBatch batch, in StreamRecord record, ref DecodedRecord decoded)
    {
        if (WatermarkContent.TryRead(decoded.Content.Span, out var at, out var link))
        {
            batch.Rows.AddWatermark(record, decoded, at, link);
            batch.Watermarks.Add(new StreamedWatermark(decoded.Version, at, record.Topic, record.Partition, record.Offset, link));
            return;
        }
        decoded = new DecodedRecord
        {
            Kind = RecordKind.Undecodable,
            Reason = RejectReason.WrongType,
            Field = "message.content",
        };
        batch.Add(new DeadLetter(record, decoded.Reason, decoded.Field));
    }

    void AddSnapshotMarks(ChangeBatch batch, in StreamRecord record, in DecodedRecord change)
    {
        if (
            change.Snapshot is not (SnapshotMarker.None or SnapshotMarker.Incremental)
            && (!IsReplay || change.Snapshot is SnapshotMarker.First or SnapshotMarker.FirstInTable)
            && batch.SnapshotReads.Add((change.Table, change.Version, record.Partition))
        )
        {
            AddFirstRead(batch, record, change);
        }
        if (change.Snapshot is SnapshotMarker.LastInTable or SnapshotMarker.Last && !IsReplay)
        {
            batch.Rows.AddSnapshotMarker(record, change, SnapshotEnd.TableMarker);
        }
        if (change.Snapshot == SnapshotMarker.First)
        {
            batch.Rows.AddSnapshotMarker(record, change, SnapshotEnd.FirstMarker);
        }
        if (change.Snapshot == SnapshotMarker.Last && IsReplay)
        {
            // Only who reads the archive knows when all of it has had its effect.
            batch.SnapshotEnds.Add(
                new SnapshotEnd(change.Version, change.TransactionId, change.CommitTime, record.Topic, record.Partition, record.Offset)
            );
        }
        else if (change.Snapshot == SnapshotMarker.Last)
        {
            batch.Rows.AddSnapshotMarker(record, change, SnapshotEnd.LastMarker);
        }
        else if (
            change.Snapshot == SnapshotMarker.Incremental
            && batch.ReadIncrementally.TryAdd((change.Table, change.Version.Epoch), change.Version)
        )
        {
            // One is enough to tell that the table was read beside the stream. The first of the batch is the lowest in the log.
            batch.Rows.AddSnapshotMarker(record, change, SnapshotEnd.IncrementalMarker);
        }
    }

    // Marks do not tell where a snapshot begins: Debezium marks the only read of a table as its last, and the first record may be
    // undecodable. Of an archive they have to do: nobody has kept in which order its transactions were committed.
    void AddFirstRead(ChangeBatch batch, in StreamRecord record, in DecodedRecord change)
    {
        if (!IsReplay)
        {
            batch.Rows.AddSnapshotMarker(record, change, SnapshotEnd.ReadMarker);
        }
        if (batch.SnapshotStarts.Count >= MostSnapshots)
        {
            batch.HasMoreSnapshots = true;
            return;
        }
        var readAt = Math.Max(change.CommitTime, record.TimestampMs * 1000);
        batch.SnapshotStarts.Add(
            new Snapshot(
                change.Table,
                change.Version,
                record.Topic,
                record.Partition,
                record.Offset,
                change.Snapshot == SnapshotMarker.First,
                change.CommitTime,
                readAt
            )
        );
    }

    void AddCommitTime(ChangeBatch batch, in StreamRecord record, in DecodedRecord change)
    {
        // A read is as old as its row, not as its way here.
        if (change.Operation == Operation.Read || change.CommitTime == 0)
        {
            return;
        }
        if (_commits.Notice(record, change) is { } jump)
        {
            batch.Rows.Add(jump);
            batch.ClockJumps.Add(jump);
        }
        batch.CommitSeconds.Note(change.Position, change.CommitTime);
        if (!batch.CommitTimes.TryGetValue(record.Topic, out var times))
        {
            batch.CommitTimes[record.Topic] = times = Pooled.List();
        }
        times.Add(change.CommitTime);
        batch.StreamedUntil.Note(change.Table, change.Version, change.CommitTime);
    }
}
