using System.Net.Sockets;
using System.Text.Json;
using Betting.Connections;
using Betting.Hosting;
using Betting.Reconciler.Cut;
using ClickHouse.Driver;

namespace Betting.Reconciler;

/// <summary>Asks every few seconds whether the stores answer, also while a run is under way: readiness is true at any time.</summary>
sealed class StoreLoop(
    PostgresSource postgres,
    ClickHouseClient clickHouse,
    StreamEnds ends,
    ConnectOffsets connect,
    Outages outages,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock
) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5),
        Limit = TimeSpan.FromSeconds(4);

    public string Name => "stores";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require("postgres");
        readiness.Require("clickhouse");
        readiness.Require("kafka");
        while (true)
        {
            heartbeats.Beat(Name);
            await Task.WhenAll(
                AskAsync(Stores.Postgres, PostgresAsync, stopping),
                AskAsync(Stores.ClickHouse, limit => clickHouse.ExecuteScalarAsync("SELECT 1", cancellationToken: limit), stopping),
                AskAsync(Stores.Kafka, _ => Task.Run(ends.Ping, CancellationToken.None), stopping),
                connect.IsKnown ? AskAsync(Stores.Connect, connect.StoredAsync, stopping) : Task.CompletedTask
            );
            await Task.Delay(Every, clock, stopping);
        }
    }

    async Task PostgresAsync(CancellationToken limit)
    {
        await using var command = await postgres.CreateCommandAsync("SELECT 1", limit);
        await command.ExecuteNonQueryAsync(limit);
    }

    async Task AskAsync(string store, Func<CancellationToken, Task> ask, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            // A client may need longer than its limit to give up a server that stands still.
            await ask(either.Token).WaitAsync(either.Token);
            outages.Succeeded(store, Name);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            outages.Failed(store, Name, "no answer in time");
        }
        catch (Exception failure) when (store == Stores.Connect && failure is HttpRequestException or JsonException)
        {
            outages.Failed(store, Name, ConnectOffsets.DetailOf(failure));
        }
        // It does not say whose it is.
        catch (SocketException failure) when (!stopping.IsCancellationRequested)
        {
            outages.Failed(store, Name, Network.Describe(failure));
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested && outages.Failed(Name, failure))
        {
            // Told.
        }
    }
}
