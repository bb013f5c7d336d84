using System.Data;
using Betting.Connections;
using Dapper;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Counters;

/// <summary>Sees to it that a base is in force, and that of all replicas one builds it.</summary>
sealed class BaselineElection(
    CounterStore store,
    CounterRebuild rebuild,
    PostgresSource postgres,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock
)
{
    /// <summary>Any number that nobody else takes as an advisory lock in this database.</summary>
    internal const long BuildLock = 0x6361_6368_6501;
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the base in force and builds it where nobody else does.</summary>
    /// <param name="unfit">A base that is not good any more; null if there was none.</param>
    /// <param name="epoch">
    /// Generation of the cluster that a new base shall stand for, if it is newer than <paramref name="unfit"/>'s.
    /// </param>
    /// <param name="reason">Why a new one would be built, for the log.</param>
    /// <param name="waiting">Called while another replica builds.</param>
    /// <param name="cancellation">Leaves it as it is.</param>
    public async Task<CounterBaseline> EnsureAsync(
        CounterBaseline? unfit,
        int epoch,
        string reason,
        Action waiting,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            if (await store.LoadAsync() is { } current && Fits(current, unfit))
            {
                return current;
            }
            await using var connection = await postgres.OpenConnectionAsync(cancellation);
            // The lock is the session's: a builder that dies frees it, and the next one begins again.
            if (await connection.ExecuteScalarAsync<bool>("SELECT pg_try_advisory_lock(@BuildLock)", new { BuildLock }))
            {
                try
                {
                    if (await store.LoadAsync() is { } finished && Fits(finished, unfit))
                    {
                        return finished;
                    }
                    var newest = Math.Max(epoch, unfit?.Epoch ?? options.Value.Epoch);
                    if (await rebuild.BuildAsync(newest, reason, cancellation) is { } built)
                    {
                        return built;
                    }
                }
                finally
                {
                    // Explicitly: a pooled connection is reset only when it is used again. A broken one has lost the lock already.
                    if (connection.State == ConnectionState.Open)
                    {
                        await connection.ExecuteAsync("SELECT pg_advisory_unlock(@BuildLock)", new { BuildLock });
                    }
                }
            }
            waiting();
            await Task.Delay(LookAgain, clock, cancellation);
        }
    }

    bool Fits(CounterBaseline current, CounterBaseline? unfit) =>
        current.Generation != unfit?.Generation && current.Shards == options.Value.Shards;
}
