using Betting.Connections;
using Betting.Hosting;
using Betting.Ingest.Attempts;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Parking;

/// <summary>
/// Looks through the parked commands: rejects those whose deadline has come, and releases those whose wait was ended by
/// somebody else than Ingest, who writes users, events or bets without looking for them. A pass costs as much as is due or
/// has come, whatever number of commands waits.
/// </summary>
public sealed class ParkedLoop(
    PostgresSource postgres,
    DurableTransactions transactions,
    BatchTransaction transaction,
    PostgresAvailability availability,
    FollowedCommands followed,
    CheckedClock postgresClock,
    ClockWatch watch,
    IOptions<IngestOptions> options,
    IngestMetrics metrics,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<ParkedLoop> log
) : IWorkerLoop
{
    readonly ArrivedKeys _arrived = new(postgres);
    readonly DueRejection _due = new(postgres, transactions, postgresClock, metrics);
    long _quarantined;

    public string Name => "parked";

    public async Task RunAsync(CancellationToken stopping)
    {
        availability.Require();
        while (true)
        {
            // A commit may wait for a standby for as long as that is away.
            await heartbeats.WhileAsync(Name, PassAsync(stopping));
            // At once where this replica has left a release to the transactions that follow.
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await Task.WhenAny(Task.Delay(options.Value.ParkedEvery, clock, waited.Token), transaction.Releases.OpenedAsync());
            await waited.CancelAsync();
            stopping.ThrowIfCancellationRequested();
        }
    }

    async Task PassAsync(CancellationToken stopping)
    {
        try
        {
            using var attempt = availability.Attempt(Name, stopping);
            Beat();
            // First, so that it is measured and told also while nothing may be decided.
            await MeasureAsync(stopping);
            availability.Reached();
            // What is open is finished first, whoever opened it.
            long released = await transaction.Releases.FinishAsync(stopping, Beat);
            released += await ReleaseAsync(await _arrived.NextAsync(stopping), stopping);
            released += await ReleaseAsync(await _arrived.DueAsync(stopping), stopping);
            while (await _due.RejectSomeAsync(stopping) is { } rejected)
            {
                released += rejected;
                Beat();
            }
            if (released > 0)
            {
                IngestLog.ParkedReleased(log, released);
            }
            await followed.AskJournalAsync(postgres, stopping);
            availability.MarkAvailable(Name);
        }
        catch (Exception failure)
        {
            // A statement that is cancelled ends in more ways than one, and what it ends with is no failure of PostgreSQL.
            stopping.ThrowIfCancellationRequested();
            metrics.Retry(Name, failure);
            if (Failure.ClassOf(failure) is not (FailureClass.Contention or FailureClass.IdTaken))
            {
                availability.MarkUnavailable(Name, failure);
            }
        }
    }

    async Task<int> ReleaseAsync(List<WaitKey> arrived, CancellationToken stopping)
    {
        if (arrived.Count == 0)
        {
            return 0;
        }
        await transaction.Releases.OpenAsync(arrived, stopping);
        return await transaction.Releases.FinishAsync(stopping, Beat);
    }

    async Task MeasureAsync(CancellationToken stopping)
    {
        var asked = postgresClock.Now();
        var summary = await ParkedTotals.ReadAsync(postgres, stopping);
        var (reading, doubt) = postgresClock.Note(asked, summary.Now);
        watch.Compare(reading, doubt);
        metrics.Parked(summary.Waiting, summary.OldestAge, summary.Quarantined);
        if (summary.Quarantined > _quarantined)
        {
            IngestLog.ParkedQuarantined(log, summary.Quarantined, summary.Example ?? "");
        }
        _quarantined = summary.Quarantined;
    }

    void Beat() => heartbeats.Beat(Name);
}
