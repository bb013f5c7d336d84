namespace Betting.Debezium;

/// <summary>Judges a payload as a whole, once all its fields are known.</summary>
static class ChangeRules
{
    /// <returns>Null, or a <see cref="RejectReason"/>, with the field in the record.</returns>
    public static string? Judge(Envelope envelope, int epoch, ref DecodedRecord record)
    {
        if (envelope.HasUnknownOperation)
            return Blame(ref record, RejectReason.UnknownOperation, "op");
        if (envelope.IsFlat)
            Unflatten(envelope);
        if (envelope.Operation == Operation.None || !(envelope.HasSource || envelope.IsFlat))
            return RejectReason.NotAnEnvelope;
        if (record.Table == SourceTable.None && envelope.Operation != Operation.Message)
        {
            record.Kind = RecordKind.Skipped;
            record.Reason = SkipRule.OtherTable;
            return null;
        }
        record.Operation = envelope.Operation;
        // After a blocking snapshot that was cut off, Debezium marks every streamed change as one of a snapshot.
        if (envelope.Operation != Operation.Read)
            record.Snapshot = SnapshotMarker.None;
        if (Place(envelope, epoch, ref record) is { } problem)
            return problem;
        if (envelope.IsFlat && MissingSource(envelope, record) is { } field)
            return Blame(ref record, RejectReason.NoSource, field);
        switch (envelope.Operation)
        {
            case Operation.Message:
                record.Kind = RecordKind.Message;
                ClearRow(ref record);
                return null;
            case Operation.Truncate:
                record.Kind = RecordKind.Truncate;
                ClearRow(ref record);
                return null;
            case Operation.Delete:
                record.Kind = RecordKind.RowChange;
                ClearRow(ref record);
                return null;
            default:
                record.Kind = RecordKind.RowChange;
                return JudgeRow(envelope, ref record);
        }
    }

    static string? JudgeRow(Envelope envelope, ref DecodedRecord record)
    {
        if (!envelope.HasRow)
            return Blame(ref record, RejectReason.NoRow, "after");
        if (envelope.Problem is not null)
            return Blame(ref record, envelope.Problem, envelope.ProblemField);
        var needed =
            record.Table == SourceTable.Bets
                ? record.MissingColumns & (MissingColumns.BetUserId | MissingColumns.BetEventId | MissingColumns.BetPlacedAt)
                : MissingColumns.None;
        return needed == MissingColumns.None
            ? null
            : Blame(
                ref record,
                RejectReason.MissingColumn,
                needed.HasFlag(MissingColumns.BetUserId) ? "after.user_id"
                    : needed.HasFlag(MissingColumns.BetEventId) ? "after.event_id"
                    : "after.placed_at"
            );
    }

    // A read tells of its snapshot; a change has a transaction and the time of its commit.
    static string? MissingSource(Envelope envelope, in DecodedRecord record) =>
        envelope.Operation == Operation.Read
            ? envelope.HasFlatSnapshot
                ? null
                : "source.snapshot"
            : record.CommitTime == 0
                ? "source.ts_ms"
                : envelope.HasFlatTransaction
                    ? null
                    : "source.txId";

    static void Unflatten(Envelope envelope)
    {
        envelope.HasRow = true;
        if (envelope.IsDeletedFlag)
            envelope.Operation = Operation.Delete;
    }

    /// <summary>
    /// Where the change stands: incremental reads have no LSN of their own, only the position in <c>sequence</c>. While the task runs that
    /// made the slot, Debezium gives each later snapshot the LSN of the first one; the last commit that it has seen tells the two apart.
    /// </summary>
    static string? Place(Envelope envelope, int epoch, ref DecodedRecord record)
    {
        if ((envelope.Lsn ?? envelope.SequenceLsn) is not { } lsn)
            return Blame(ref record, RejectReason.NoPosition, "source.lsn");
        if (envelope.Operation == Operation.Read && record.Snapshot != SnapshotMarker.Incremental && envelope.SequenceCommit is { } commit)
            lsn = Math.Max(lsn, commit);
        if (lsn > ChangeVersion.MaxLsn)
            return Blame(ref record, RejectReason.OutOfRange, "source.lsn");
        record.Version = ChangeVersion.Of(epoch, envelope.Operation != Operation.Read, lsn);
        record.Position = new StreamPosition(epoch, envelope.SequenceCommit ?? 0, lsn, envelope.TotalOrder);
        return null;
    }

    /// <summary>The former row is not trusted: under replica identity default its columns are made up.</summary>
    static void ClearRow(ref DecodedRecord record)
    {
        record.User = default;
        record.Event = default;
        record.Bet = default;
        record.MissingColumns = MissingColumns.None;
        record.Unchanged = MissingColumns.None;
        record.Marks = null;
    }

    static string Blame(ref DecodedRecord record, string reason, string? field)
    {
        record.Field = field;
        return reason;
    }
}
