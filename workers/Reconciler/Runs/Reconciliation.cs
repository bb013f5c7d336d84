using System.Data;
using System.Globalization;
using Betting.Connections;
using Betting.Hosting;
using Betting.Reconciler.Compare;
using Betting.Reconciler.Compare.Tables;
using Betting.Reconciler.Cut;
using ClickHouse.Driver;
using Confluent.Kafka;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Reconciler.Runs;

/// <summary>One run: cut → wait for the sink → compare → keep the result. Of all replicas one runs at a time.</summary>
sealed class Reconciliation(
    PostgresSource postgres,
    ClickHouseClient clickHouse,
    SinkWait sink,
    Comparison comparison,
    TableComparison tables,
    RunStore store,
    RequestStore requests,
    FollowedBets followed,
    ReconcilerMetrics metrics,
    StoreFailures failures,
    TimeProvider clock,
    ILogger<Reconciliation> log
)
{
    /// <summary>Any number that nobody else takes as an advisory lock in this database.</summary>
    internal const long RunLock = 0x7265_636F_6E01;

    static readonly TimeSpan LookForTurnEvery = TimeSpan.FromMilliseconds(500);

    /// <param name="trigger">Who asked: <c>start</c>, <c>schedule</c>, <c>request</c>, <c>command</c>.</param>
    /// <param name="patience">How long to wait while another run is under way; at its end this one could not compare.</param>
    /// <param name="progress">Gets a line a step, for people who watch.</param>
    /// <param name="cancellation">Ends the run; its row says so.</param>
    public async Task<RunReport> RunAsync(string trigger, TimeSpan patience, IProgress<string> progress, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        long? run = null;
        RunReport report;
        try
        {
            await using var guard = await postgres.OpenConnectionAsync(cancellation);
            await TakeTurnAsync(guard, patience, progress, cancellation);
            try
            {
                run = await store.BeginAsync(trigger, cancellation);
                var asked = await requests.OpenAsync(cancellation);
                await requests.BeginAsync(asked, cancellation);
                report = await CompareAsync(run.Value, started, progress, cancellation);
                await AnswerAsync(asked, run.Value, report.Outcome == RunOutcome.Equal, cancellation);
            }
            finally
            {
                if (guard.State == ConnectionState.Open)
                {
                    await guard.ExecuteAsync("SELECT pg_advisory_unlock(@RunLock)", new { RunLock });
                }
            }
        }
        catch (Exception failure) when (IsOutside(failure, cancellation))
        {
            var reason = failure is CouldNotCompareException ? failure.Message : OneLine(failure);
            await NoteFailureAsync(run, reason);
            report = RunReport.Failed(run, reason, clock.GetElapsedTime(started));
        }
        metrics.Ended(report);
        ReconcilerLog.Report(log, report);
        return report;
    }

    // Tried again and again rather than waited for in the lock's queue: a session that waits there holds up vacuum and cannot say so.
    async Task TakeTurnAsync(NpgsqlConnection guard, TimeSpan patience, IProgress<string> progress, CancellationToken cancellation)
    {
        var asked = clock.GetTimestamp();
        for (var told = false; !await guard.ExecuteScalarAsync<bool>("SELECT pg_try_advisory_lock(@RunLock)", new { RunLock }); told = true)
        {
            if (clock.GetElapsedTime(asked) >= patience)
            {
                throw new CouldNotCompareException("another reconciliation is running");
            }
            if (!told)
            {
                progress.Report($"another reconciliation is running; waiting up to {patience:c} for its end");
            }
            await Task.Delay(LookForTurnEvery, clock, cancellation);
        }
    }

    async Task<RunReport> CompareAsync(long run, long started, IProgress<string> progress, CancellationToken cancellation)
    {
        // Before the cut: a transaction that waits for ClickHouse would hold up PostgreSQL's vacuum.
        await FirstAnswer.OfAsync(clickHouse, cancellation);
        var fence = string.Create(CultureInfo.InvariantCulture, $"reconciliation-{run}-{Guid.NewGuid():N}");
        await using var moment = await CutTransaction.BeginAsync(postgres, fence, cancellation);
        var cut = moment.Cut;
        await store.NoteCutAsync(run, cut, cancellation);
        progress.Report($"cut taken: snapshot {cut.Snapshot}, fence at {cut.FenceLsn}");
        var epoch = await sink.UntilCoveredAsync(cut, progress, cancellation);
        progress.Report("ClickHouse holds everything that the cut sees");
        await moment.BeginReadsAsync(cancellation);

        var asOf = ClickHouseSide.AsOf(clickHouse, cut, epoch);
        var truth = new PostgresSide(moment.Connection);
        var changes = await comparison.RunAsync(truth, asOf, pairs => Task.FromResult(pairs), progress, cancellation);
        await followed.CompareAsync(run, truth, asOf, cancellation);
        var alone = new List<TableResult>();
        foreach (var table in ComparedTable.All)
        {
            var rows = new PostgresTable(moment.Connection, table);
            var ranges = await rows.RangesAsync(cancellation);
            var found = new ClickHouseTable(clickHouse, table, cut, epoch);
            alone.Add(await tables.RunAsync(table, ranges, rows, found, progress, cancellation));
        }
        var rule = new ViewDriftFilter(clickHouse, cut, epoch);
        var from = await ViewRetention.FromAsync(clickHouse, cancellation);
        var shown = ClickHouseSide.AsShown(clickHouse, cut, epoch, from);
        var view = await comparison.RunAsync(
            shown,
            ClickHouseSide.View(clickHouse, from),
            pairs => rule.DriftAsync(pairs, cancellation),
            progress,
            cancellation
        );
        var outcome = changes.IsEqual && view.IsEqual && alone.TrueForAll(table => table.IsEqual) ? RunOutcome.Equal : RunOutcome.Drift;
        var report = new RunReport(run, outcome, null, cut, changes, view, alone, clock.GetElapsedTime(started));
        await store.FinishAsync(run, report, cancellation);
        return report;
    }

    /// <summary>
    /// Whoever began the run, it answers what was asked before it. Where ClickHouse does not take the answers, the requests stay open for
    /// the next run.
    /// </summary>
    async Task AnswerAsync(IReadOnlyList<Request> asked, long run, bool isEqual, CancellationToken cancellation)
    {
        try
        {
            await requests.AnswerAsync(asked, run, isEqual, cancellation);
        }
        catch (Exception failure) when (IsOutside(failure, cancellation))
        {
            ReconcilerLog.NotAnswered(log, run, OneLine(failure));
        }
    }

    async Task NoteFailureAsync(long? run, string reason)
    {
        try
        {
            if (run is { } id)
            {
                await store.FailAsync(id, reason);
            }
        }
        catch (Exception unreachable) when (unreachable is NpgsqlException or TimeoutException)
        {
            // The reason is in the log and the metric; PostgreSQL may be the very thing that is away.
            ReconcilerLog.NotKept(log, OneLine(unreachable));
        }
    }

    /// <summary>A store, a broker or the time limit, not a fault of ours.</summary>
    static bool IsOutside(Exception failure, CancellationToken cancellation) =>
        failure
            is CouldNotCompareException
                or NpgsqlException
                or ClickHouseServerException
                or KafkaException
                or HttpRequestException
                or IOException
                or TimeoutException
        || (failure is OperationCanceledException && !cancellation.IsCancellationRequested);

    string OneLine(Exception failure) =>
        failures.Recognise(failure) is var (store, detail)
            ? $"{store.Store}: {detail}"
            : $"{failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}";
}
