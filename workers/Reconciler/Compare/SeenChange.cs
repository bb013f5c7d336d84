using Betting.Debezium;
using Betting.Reconciler.Cut;

namespace Betting.Reconciler.Compare;

/// <summary>Whether a cut sees a change: the rule of ClickHouse's view <c>bets_as_of_snapshot</c>.</summary>
static class SeenChange
{
    /// <summary>So near to the fence in the log, in bytes, that transaction ids cannot have come round.</summary>
    const long IdsDecide = 1L << 35;

    /// <returns>A condition over one change's version, transaction_id and committed_at.</returns>
    public static string By(ExactCut cut, int epoch)
    {
        // The low 32 bits of the id stand in the row; the whole id is the one nearest to the snapshot's end.
        var id = Text($"(toInt64({cut.Snapshot.XMax}) + toInt32(toInt64(transaction_id) - toInt64({(uint)cut.Snapshot.XMax})))");
        var running = string.Join(", ", cut.Snapshot.InProgress.Order());
        var wasRunning = Text($"(bitTest(version, 56) AND has([{running}]::Array(UInt64), toUInt64({id})))");
        var distance = Text($"(toInt64(bitAnd(version, {ChangeVersion.MaxLsn})) - toInt64({cut.FencePosition}))");
        var takenAt = Text($"toDateTime64('{cut.TakenAt:yyyy-MM-dd HH:mm:ss.ffffff}', 6, 'UTC')");
        var longBefore = Text($"{takenAt} - INTERVAL 12 HOUR");
        var laterReads = Text(
            $"""
            (SELECT version FROM snapshot_markers
             WHERE marker = 'later' AND bitShiftRight(version, 57) = {epoch}
             GROUP BY version HAVING min(committed_at) > {takenAt})
            """
        );
        return Text(
            $"""
            multiIf(
                bitShiftRight(version, 57) != {epoch}, bitShiftRight(version, 57) < {epoch},
                transaction_id = 0, {distance} < 0,
                NOT bitTest(version, 56) AND version IN {laterReads}, 0,
                {distance} >= {IdsDecide}, 0,
                {distance} > -{IdsDecide}, {id} < {cut.Snapshot.XMax} AND NOT {wasRunning},
                NOT ({wasRunning} AND committed_at > {longBefore}))
            """
        );
    }

    static string Text(FormattableString sql) => FormattableString.Invariant(sql);
}
