using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.CacheWarmer.Outage;

/// <summary>Does a step again until the stores take it: with pauses while they stumble, by the breaker while Redis is away.</summary>
sealed class StoreRetry(Breaker breaker, Outages outages, TimeProvider clock, ILogger<StoreRetry> log)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <param name="name">
    /// The step's name; an outage of Redis ends when its own step succeeds, one of PostgreSQL when <see cref="PostgresProbe"/> has an
    /// answer.
    /// </param>
    /// <param name="step">Safe to repeat.</param>
    /// <param name="waiting">Called at each turn of the wait, so that its loop stays alive.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<T> UntilDoneAsync<T>(string name, Func<Task<T>> step, Action waiting, CancellationToken cancellation)
    {
        while (true)
        {
            if (breaker.Allows() && await TryAsync(name, step, cancellation) is (true, var answer))
            {
                return answer!;
            }
            waiting();
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    /// <summary>One attempt, if the breaker allows it; false where it was not made or failed because a store is away.</summary>
    public async Task<bool> OnceAsync(string name, Func<Task> step, CancellationToken cancellation) =>
        breaker.Allows()
        && (
            await TryAsync(
                name,
                async () =>
                {
                    await step();
                    return true;
                },
                cancellation
            )
        ).Done;

    async Task<(bool Done, T? Answer)> TryAsync<T>(string name, Func<Task<T>> step, CancellationToken cancellation)
    {
        try
        {
            var answer = await step();
            if (breaker.Succeeded())
            {
                CacheWarmerLog.BreakerClosed(log);
            }
            outages.Succeeded(Stores.Redis, name);
            return (true, answer);
        }
        catch (Exception failure) when (RedisTrouble.Is(failure) && !cancellation.IsCancellationRequested)
        {
            if (failure is OperationCanceledException)
            {
                outages.Failed(Stores.Redis, name, "no answer in time");
            }
            else
            {
                outages.Failed(name, failure);
            }
            if (breaker.Failed())
            {
                CacheWarmerLog.BreakerOpened(log);
            }
        }
        // Npgsql's as well: Redis's client has exceptions of its own.
        catch (SocketException failure) when (!cancellation.IsCancellationRequested)
        {
            outages.Failed(Stores.Postgres, PostgresProbe.Loop, Network.Describe(failure));
        }
        // A bare TimeoutException is Npgsql's while it connects.
        catch (Exception failure)
            when ((failure is TimeoutException || failure is NpgsqlException refused && PostgresTrouble.IsPassing(refused))
                && !cancellation.IsCancellationRequested
            )
        {
            outages.Failed(PostgresProbe.Loop, failure);
        }
        return (false, default);
    }
}
