using Betting.CacheWarmer.Counters;
using Betting.Debezium;

namespace Betting.CacheWarmer.Stream;

/// <summary>What a change of the bets topic means for counters that stand on a base.</summary>
public enum ChangeMeaning
{
    /// <summary>Nothing: the base has it already, or it is no change of a bet.</summary>
    Covered,

    /// <summary>It moves the bet to another state, unless a newer change came before it.</summary>
    Count,

    /// <summary>It tells of rows that no stream will bring one by one: the counters need a new base.</summary>
    Rebuild,
}

/// <summary>The rule by which each change counts exactly once, on any base, in any order, however often it comes.</summary>
static class ChangeRule
{
    public static ChangeMeaning Judge(in DecodedRecord record, CounterBaseline at, PostgresSnapshot snapshot)
    {
        if (record.Table != SourceTable.Bets || record.Kind is not (RecordKind.RowChange or RecordKind.Truncate))
        {
            return ChangeMeaning.Covered;
        }
        if (record.Version.Epoch != at.Epoch)
        {
            // A cluster that was replaced says nothing about this one; a newer one replaces what we know.
            return record.Version.Epoch < at.Epoch ? ChangeMeaning.Covered : ChangeMeaning.Rebuild;
        }
        if (record.Operation == Operation.Read)
        {
            return JudgeRead(record, at);
        }
        if (Sees(record, at, snapshot))
        {
            return ChangeMeaning.Covered;
        }
        // Without its status (a column that the record did not bring) a change moves nothing.
        var saysStatus = record.Operation == Operation.Delete || (record.MissingColumns & MissingColumns.BetStatus) == 0;
        return record.Kind == RecordKind.Truncate ? ChangeMeaning.Rebuild
            : saysStatus ? ChangeMeaning.Count
            : ChangeMeaning.Covered;
    }

    public static CountedChange ToCount(in DecodedRecord record, int partition)
    {
        var code = record.Operation == Operation.Delete ? StatusCode.Gone : StatusCode.Of(record.Bet.Status.Span);
        return new CountedChange(record.Id, code, record.Version, partition, record.Position);
    }

    /// <summary>
    /// A connector that reads the table anew after our base was taken may have missed changes before that. Its reads never
    /// count; the base is taken again, and then covers them. Incremental reads run beside a whole stream and bring nothing new.
    /// </summary>
    static ChangeMeaning JudgeRead(in DecodedRecord record, CounterBaseline at) =>
        record.Snapshot == SnapshotMarker.Incremental || record.Version.Lsn <= at.StartLsn ? ChangeMeaning.Covered : ChangeMeaning.Rebuild;

    /// <summary>The LSN comes first: transaction ids come round, and what was written after the snapshot it cannot have seen.</summary>
    static bool Sees(in DecodedRecord record, CounterBaseline at, PostgresSnapshot snapshot) =>
        record.Version.Lsn <= at.EndLsn && (record.TransactionId == 0 || snapshot.Sees(record.TransactionId));
}
