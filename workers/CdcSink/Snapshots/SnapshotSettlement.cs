using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Join;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Snapshots;

/// <summary>
/// Settles a snapshot that has ended: for each table that it read, what is older than its reads is deleted. To be called when all
/// records up to the snapshot's end have had their effect. May be repeated, and by several replicas at once.
/// </summary>
public sealed class SnapshotSettlement(SnapshotStore snapshots, ChangeStore store, BetJoin join, ILogger<SnapshotSettlement> log)
{
    static readonly SourceTable[] Tables = [SourceTable.Users, SourceTable.Events, SourceTable.Bets];

    /// <param name="end">The last read of the snapshot.</param>
    /// <param name="beat">Called as the work goes on.</param>
    /// <param name="cancellation">Ends it; what is not done is done by the next call.</param>
    public async Task SettleAsync(SnapshotEnd end, Action beat, CancellationToken cancellation)
    {
        var snapshot = end.Reads;
        if (!end.IsSeen)
        {
            CdcSinkLog.SnapshotEndNotSeen(log, snapshot.Epoch, end.Version.Lsn);
        }
        using var ended = new ChangeRows();
        var (isWhole, doubtful) = (true, new List<SourceTable>());
        foreach (var table in Tables)
        {
            var facts = await snapshots.FactsAsync(table, snapshot, end.IsSeen, cancellation);
            isWhole &= facts.IsWhole || !facts.IsRead;
            switch (SnapshotRule.Of(facts))
            {
                case SnapshotVerdict.EndOlder:
                    CdcSinkLog.EpochEnded(log, table.ToString(), snapshot.Epoch);
                    ended.AddTruncation(end.Place, end.Change, table, snapshot.Below);
                    if (facts.IsDoubtful)
                    {
                        doubtful.Add(table);
                    }
                    break;
                case SnapshotVerdict.AskReconciliation:
                    CdcSinkLog.OlderRowsStay(log, table.ToString(), snapshot.Epoch, WhyOf(facts));
                    await store.AskReconciliationAsync(
                        FormattableString.Invariant($"{table} before epoch {snapshot.Epoch} at {end.Version.Lsn}"),
                        facts.IsRead && !facts.IsWhole
                            ? "the snapshot may not have read all of the table"
                            : "a snapshot does not tell which rows of older epochs are gone",
                        Hold.Now,
                        cancellation
                    );
                    break;
            }
            beat();
        }
        if (ended.Truncations.Rows > 0)
        {
            await store.InsertAsync("truncations", ended.Truncations, cancellation);
            await JoinEverythingAsync(beat, cancellation);
            await AskAsync(end, doubtful, cancellation);
        }
        await snapshots.SettleAsync(end, isWhole, cancellation);
    }

    // Rows are gone by now: a run that began before would say nothing about them.
    async Task AskAsync(SnapshotEnd end, List<SourceTable> doubtful, CancellationToken cancellation)
    {
        var of = FormattableString.Invariant($"epoch {end.Version.Epoch} at {end.Version.Lsn}");
        await store.AskReconciliationAsync(of, "the snapshot of a newer epoch is complete", Hold.None, cancellation);
        foreach (var table in doubtful)
        {
            await store.AskReconciliationAsync(
                $"{table} of {of}",
                "records were left out before the snapshot, perhaps reads of it",
                Hold.Now,
                cancellation
            );
        }
    }

    static string WhyOf(in TableFacts facts) =>
        !facts.IsRead ? "it read no row of the table"
        : !facts.IsWhole ? "its last read of the table has not come, or records were left out among its reads"
        : "it ran beside the stream";

    async Task JoinEverythingAsync(Action beat, CancellationToken cancellation)
    {
        using var pages = join.PagesOf(new LargeJoin([], [], Everything: true, new HashSet<string>()));
        for (long? next = long.MinValue; next is { } from; )
        {
            using var page = await pages.ReadAsync(from, cancellation);
            await join.InsertAsync(page, cancellation);
            next = page.Next;
            beat();
        }
    }
}
