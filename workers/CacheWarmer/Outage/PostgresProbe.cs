using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;

namespace Betting.CacheWarmer.Outage;

/// <summary>
/// Asks whether PostgreSQL answers, also while no step needs it: with several replicas a step may not need it for as long as another
/// replica does the work. Alone it ends an outage; the steps may begin one.
/// </summary>
sealed class PostgresProbe(PostgresSource postgres, Outages outages, Readiness readiness, Heartbeats heartbeats, TimeProvider clock)
    : IWorkerLoop
{
    /// <summary>Under this name steps tell of a failure of PostgreSQL.</summary>
    public const string Loop = "postgres-probe";

    static readonly TimeSpan Every = TimeSpan.FromSeconds(5),
        WhileAway = TimeSpan.FromSeconds(1),
        Limit = TimeSpan.FromSeconds(4);

    public string Name => Loop;

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require("postgres");
        while (true)
        {
            heartbeats.Beat(Name);
            await AskAsync(stopping);
            await Task.Delay(outages.IsAway(Stores.Postgres) ? WhileAway : Every, clock, stopping);
        }
    }

    async Task AskAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            // Npgsql may need longer than its limit to give up a server that stands still.
            await SelectAsync(either.Token).WaitAsync(either.Token);
            outages.Succeeded(Stores.Postgres, Name);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            outages.Failed(Stores.Postgres, Name, "no answer in time");
        }
        // Npgsql's, where the process may open no more of them.
        catch (SocketException failure) when (!stopping.IsCancellationRequested)
        {
            outages.Failed(Stores.Postgres, Name, Network.Describe(failure));
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested && outages.Failed(Name, failure))
        {
            // Told.
        }
    }

    async Task SelectAsync(CancellationToken limit)
    {
        await using var command = await postgres.CreateCommandAsync("SELECT 1", limit);
        await command.ExecuteNonQueryAsync(limit);
    }
}
