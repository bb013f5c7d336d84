using Betting.Hosting;
using Betting.Ingest.Batches;
using Betting.Ingest.Decide;
using Betting.Ingest.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Parking;

/// <summary>
/// Looks through the parked commands: rejects those whose deadline has come, and releases those whose wait was ended by
/// somebody else than Ingest, who writes users, events or bets without looking for them.
/// </summary>
public sealed class ParkedLoop(
    NpgsqlDataSource postgres, BatchTransaction transaction, PostgresAvailability availability, IOptions<IngestOptions> options,
    IngestMetrics metrics, Heartbeats heartbeats, TimeProvider clock, ILogger<ParkedLoop> log) : IWorkerLoop
{
    const string Due = "SELECT command_id FROM parked_commands WHERE deadline <= $1 ORDER BY issued_at LIMIT $2";

    // What is waited for and is there, and nobody of Ingest has brought it.
    const string Arrived = """
        SELECT DISTINCT waits_for, waits_id FROM parked_commands p
        WHERE (waits_for = 'user' AND EXISTS (SELECT FROM wallets WHERE user_id = p.waits_id))
           OR (waits_for = 'event' AND EXISTS (SELECT FROM events WHERE id = p.waits_id))
           OR (waits_for = 'bet' AND EXISTS (SELECT FROM bets WHERE id = p.waits_id))
        LIMIT $1
        """;

    const string Totals = "SELECT count(*), min(parked_at) FROM parked_commands";

    public string Name => "parked";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            await PassAsync(stopping);
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
            using var attempt = availability.Attempt();
            var released = await transaction.Releases.FinishAsync(stopping);
            if (await ArrivedAsync(stopping) is { Count: > 0 } arrived)
            {
                await transaction.Releases.OpenAsync(arrived, stopping);
                released += await transaction.Releases.FinishAsync(stopping);
            }
            if (await DueAsync(stopping) is { Count: > 0 } due)
            {
                released += await transaction.Releases.RejectDueAsync(due, stopping);
            }
            if (released > 0)
            {
                IngestLog.ParkedReleased(log, released);
            }
            await MeasureAsync(stopping);
            availability.Back(Name);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            metrics.Retry(Name, Failure.StateOf(failure));
            if (Failure.ClassOf(failure) == FailureClass.Wait)
            {
                availability.Away(Name, failure);
            }
            else if (Failure.ClassOf(failure) != FailureClass.Again)
            {
                IngestLog.ParkedNotRead(log, Failure.StateOf(failure), failure);
            }
        }
    }

    async Task<List<WaitKey>> ArrivedAsync(CancellationToken stopping)
    {
        await using var command = postgres.CreateCommand(Arrived);
        command.Parameters.AddWithValue(options.Value.BatchSize);
        var keys = new List<WaitKey>();
        await using var rows = await command.ExecuteReaderAsync(stopping);
        while (await rows.ReadAsync(stopping))
        {
            keys.Add(new WaitKey(ParkedCommands.Read(rows.GetString(0)), rows.GetInt64(1)));
        }
        return keys;
    }

    async Task<List<Guid>> DueAsync(CancellationToken stopping)
    {
        await using var command = postgres.CreateCommand(Due);
        command.Parameters.AddWithValue(clock.GetUtcNow().UtcDateTime);
        command.Parameters.AddWithValue(options.Value.BatchSize);
        var ids = new List<Guid>();
        await using var rows = await command.ExecuteReaderAsync(stopping);
        while (await rows.ReadAsync(stopping))
        {
            ids.Add(rows.GetGuid(0));
        }
        return ids;
    }

    async Task MeasureAsync(CancellationToken stopping)
    {
        await using var command = postgres.CreateCommand(Totals);
        await using var rows = await command.ExecuteReaderAsync(stopping);
        await rows.ReadAsync(stopping);
        var oldest = await rows.IsDBNullAsync(1, stopping) ? TimeSpan.Zero : clock.GetUtcNow().UtcDateTime - rows.GetDateTime(1);
        metrics.Parked(rows.GetInt64(0), oldest);
    }
}
