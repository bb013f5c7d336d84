using Betting.Hosting;
using Betting.Ingest.Batches;
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
    // Due, or waiting for something that is there.
    const string Ripe = """
        SELECT command_id FROM parked_commands p
        WHERE deadline <= $1
           OR (waits_for = 'user' AND EXISTS (SELECT FROM wallets WHERE user_id = p.waits_id))
           OR (waits_for = 'event' AND EXISTS (SELECT FROM events WHERE id = p.waits_id))
           OR (waits_for = 'bet' AND EXISTS (SELECT FROM bets WHERE id = p.waits_id))
        ORDER BY issued_at
        LIMIT $2
        """;

    const string Totals = "SELECT count(*), min(parked_at) FROM parked_commands";

    public string Name => "parked";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            await PassAsync(stopping);
            await Task.Delay(options.Value.ParkedEvery, clock, stopping);
        }
    }

    async Task PassAsync(CancellationToken stopping)
    {
        try
        {
            using var attempt = availability.Attempt();
            var ripe = await RipeAsync(stopping);
            if (ripe.Count > 0)
            {
                IngestLog.ParkedReleased(log, await transaction.ReleaseAsync(ripe, stopping));
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
            else
            {
                IngestLog.ParkedNotRead(log, Failure.StateOf(failure), failure);
            }
        }
    }

    async Task<List<Guid>> RipeAsync(CancellationToken stopping)
    {
        await using var command = postgres.CreateCommand(Ripe);
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
