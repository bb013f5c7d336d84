using Betting.CdcSink.Batches;
using Betting.Contracts;
using Betting.Debezium;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Write;

/// <summary>
/// Changes that ClickHouse acknowledged and does not have any more. Tables of a restored, lagging or crashed ClickHouse need not be of one moment,
/// so <c>sink_progress</c> may say more than the others hold. Each is logged and counted, and a reconciliation is asked for that holds
/// <c>data_as_of</c>.
/// </summary>
public sealed class LostChanges(ChangeStore store, CdcSinkOptions options, CdcSinkMetrics metrics, TimeProvider clock, ILogger<LostChanges> log)
{
    // A replica of ClickHouse that lags catches up.
    const int Looks = 5;

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    readonly ChangeTopics _topics = new(options.TopicPrefix);

    /// <summary>Looks for the last change of each of these partitions, and for the row of <c>bets_analytics_rows</c> that it was joined into.</summary>
    /// <param name="reached">What <c>sink_progress</c> has of partitions that begin.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task LookAsync(IEnumerable<PartitionPosition> reached, CancellationToken cancellation)
    {
        var expected = reached.Where(position => position.LastChange.Version > 0 && TableOf(position.Topic) != SourceTable.None)
            .GroupBy(position => TableOf(position.Topic), position => position.LastChange).ToList();
        foreach (var table in expected)
        {
            HashSet<(long Id, ulong Version)> missing = [.. table];
            for (var look = 1; look <= Looks && missing.Count > 0; look++)
            {
                if (look > 1)
                {
                    await Task.Delay(Pause, clock, cancellation);
                }
                missing = await store.MissingChangesAsync(table.Key, missing, cancellation);
            }
            foreach (var (id, version) in missing)
            {
                await ReportAsync(table.Key, id, version, cancellation);
            }
        }
    }

    /// <summary>This change is gone. To be called before progress is recorded.</summary>
    public async Task ReportAsync(SourceTable table, long id, ulong version, CancellationToken cancellation)
    {
        metrics.LostChange(table.ToString());
        CdcSinkLog.ChangeLost(log, version, table.ToString(), id);
        // Nobody knows how old the oldest change is that is gone with it.
        await store.AskReconciliationAsync(
            FormattableString.Invariant($"change {version} of {table} {id} is gone"), "ClickHouse lost a change that it had acknowledged", Hold.All, cancellation);
    }

    SourceTable TableOf(string topic) => topic == _topics.Bets ? SourceTable.Bets : topic == _topics.Users ? SourceTable.Users
        : topic == _topics.Events ? SourceTable.Events : SourceTable.None;
}
