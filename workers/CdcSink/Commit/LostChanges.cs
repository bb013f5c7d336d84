using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Contracts;
using Betting.Debezium;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Commit;

/// <summary>
/// Changes that ClickHouse acknowledged and does not have any more. Tables of a restored, lagging or crashed ClickHouse need not be of one
/// moment, so <c>sink_progress</c> may say more than the others hold. Each is logged and counted, and a reconciliation is asked for that
/// holds <c>data_as_of</c>.
/// </summary>
public sealed class LostChanges(
    ChangeStore store,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    TimeProvider clock,
    ILogger<LostChanges> log
)
{
    // A replica of ClickHouse that lags catches up. All of it fits into the limit of a partition's beginning.
    const int Looks = 3;

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    readonly ChangeEffects _effects = new(store);
    readonly ChangeTopics _topics = new(options.TopicPrefix);

    /// <summary>
    /// Looks for the last change of each of these partitions, and for all that was written for it; see <see cref="ChangeEffects"/>.
    /// </summary>
    /// <param name="reached">What <c>sink_progress</c> has of partitions that begin.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task CheckAsync(IEnumerable<PartitionPosition> reached, CancellationToken cancellation)
    {
        var expected = reached
            .Where(position => position.LastChange.Version > 0)
            .Select(position => (Table: TableOf(position.Topic), position.LastChange.Id, position.LastChange.Version))
            .Where(change => change.Table != SourceTable.None)
            .ToHashSet();
        for (var look = 1; expected.Count > 0 && look <= Looks; look++)
        {
            if (look > 1)
            {
                await Task.Delay(Pause, clock, cancellation);
            }
            expected = await MissingAsync(expected, cancellation);
        }
        await Task.WhenAll(expected.Select(change => ReportAsync(change.Table, change.Id, change.Version, cancellation)));
    }

    async Task<HashSet<(SourceTable Table, long Id, ulong Version)>> MissingAsync(
        HashSet<(SourceTable Table, long Id, ulong Version)> expected,
        CancellationToken cancellation
    )
    {
        var tables = expected.GroupBy(change => change.Table, change => (change.Id, change.Version)).ToList();
        var missing = await Task.WhenAll(tables.Select(table => _effects.MissingAsync(table.Key, [.. table], cancellation)));
        return [.. tables.Zip(missing).SelectMany(each => each.Second.Select(change => (each.First.Key, change.Id, change.Version)))];
    }

    /// <summary>This change is gone. To be called before progress is recorded.</summary>
    /// <remarks>
    /// A change may be lost, brought back and lost again, so each report asks for a run that begins after it; where one is asked for
    /// already, no other is. Nobody knows how old the oldest change is that is gone with it.
    /// </remarks>
    public async Task ReportAsync(SourceTable table, long id, ulong version, CancellationToken cancellation)
    {
        var sign = new Sign(
            FormattableString.Invariant($"change {version} of {table} {id} is gone"),
            FormattableString.Invariant($"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss.ffffff}")
        );
        await store.AskReconciliationAsync(sign, "ClickHouse lost a change that it had acknowledged", Hold.All, cancellation);
        metrics.LostChange(table.ToString());
        CdcSinkLog.ChangeLost(log, version, table.ToString(), id);
    }

    SourceTable TableOf(string topic) =>
        topic == _topics.Bets ? SourceTable.Bets
        : topic == _topics.Users ? SourceTable.Users
        : topic == _topics.Events ? SourceTable.Events
        : SourceTable.None;
}
