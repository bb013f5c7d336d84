using System.Data;
using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.CacheWarmer.Settlement;

/// <summary>
/// Refreshes the materialised view <c>daily_settlement</c> on start and on schedule, beside its readers
/// (<c>REFRESH … CONCURRENTLY</c>, through a function that lends the owner's right). One replica at a time.
/// </summary>
sealed class SettlementRefresh(
    PostgresSource postgres,
    StoreFailures failures,
    Heartbeats heartbeats,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock,
    ILogger<SettlementRefresh> log
) : IWorkerLoop
{
    internal const long RefreshLock = 0x6361_6368_6502;
    static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(10);

    public string Name => "settlement";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            var started = clock.GetTimestamp();
            await TryRefreshAsync(stopping);
            do
            {
                heartbeats.Beat(Name);
                var left = options.Value.SettlementEvery - clock.GetElapsedTime(started);
                await Task.Delay(left < BeatEvery ? TimeSpan.FromTicks(Math.Max(1, left.Ticks)) : BeatEvery, clock, stopping);
            } while (clock.GetElapsedTime(started) < options.Value.SettlementEvery);
        }
    }

    async Task TryRefreshAsync(CancellationToken stopping)
    {
        var started = clock.GetTimestamp();
        try
        {
            var work = RefreshAsync(stopping);
            while (await Task.WhenAny(work, Task.Delay(BeatEvery, clock, stopping)) != work && !stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
            }
            if (await work)
            {
                CacheWarmerLog.SettlementRefreshed(log, clock.GetElapsedTime(started).TotalSeconds);
            }
        }
        catch (Exception failure)
            when (failure is NpgsqlException or TimeoutException or SocketException && !stopping.IsCancellationRequested)
        {
            CacheWarmerLog.SettlementFailed(log, failures.Recognise(failure)?.Detail ?? failure.GetType().Name);
        }
    }

    /// <returns>False if another replica does it at this moment.</returns>
    async Task<bool> RefreshAsync(CancellationToken stopping)
    {
        await using var connection = await postgres.OpenConnectionAsync(stopping);
        if (!await connection.ExecuteScalarAsync<bool>("SELECT pg_try_advisory_lock(@RefreshLock)", new { RefreshLock }))
        {
            return false;
        }
        try
        {
            await connection.ExecuteAsync(
                new CommandDefinition("SELECT refresh_daily_settlement()", commandTimeout: 0, cancellationToken: stopping)
            );
        }
        finally
        {
            if (connection.State == ConnectionState.Open)
            {
                await connection.ExecuteAsync("SELECT pg_advisory_unlock(@RefreshLock)", new { RefreshLock });
            }
        }
        return true;
    }
}
