using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Outage;

/// <summary>Does a step again until the stores take it: with pauses while they stumble, by the breaker while Redis is away.</summary>
sealed class Patience(Breaker breaker, Readiness readiness, TimeProvider clock, ILogger<Patience> log)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);
    long _told;

    /// <param name="step">Safe to repeat.</param>
    /// <param name="waiting">Called at each turn of the wait, so that its loop stays alive.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<T> UntilDoneAsync<T>(Func<Task<T>> step, Action waiting, CancellationToken cancellation)
    {
        while (true)
        {
            if (breaker.Allows() && await TryAsync(step, cancellation) is (true, var answer))
            {
                return answer!;
            }
            waiting();
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    /// <summary>One attempt, if the breaker allows it; false where it was not made or failed because a store is away.</summary>
    public async Task<bool> OnceAsync(Func<Task> step, CancellationToken cancellation) =>
        breaker.Allows() && (await TryAsync(async () => { await step(); return true; }, cancellation)).Done;

    /// <summary>A step that fails for ever beside others that succeed never opens the breaker: it must be heard all the same.</summary>
    void TellOnceAMinute(Exception failure)
    {
        var last = Volatile.Read(ref _told);
        if (last == 0 || clock.GetElapsedTime(last) > TellEvery)
        {
            Volatile.Write(ref _told, clock.GetTimestamp());
            CacheWarmerLog.RedisFailed(log, failure);
        }
    }

    async Task<(bool Done, T? Answer)> TryAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        try
        {
            var answer = await step();
            if (breaker.Succeeded())
            {
                CacheWarmerLog.BreakerClosed(log);
            }
            readiness.Set("redis", true);
            return (true, answer);
        }
        catch (Exception failure) when (failure is RedisException or RedisTimeoutException or RedisCommandException && !cancellation.IsCancellationRequested)
        {
            readiness.Set("redis", false, failure.GetType().Name);
            TellOnceAMinute(failure);
            if (breaker.Failed())
            {
                CacheWarmerLog.BreakerOpened(log, failure);
            }
        }
        catch (NpgsqlException failure) when (PostgresTrouble.IsPassing(failure) && !cancellation.IsCancellationRequested)
        {
            CacheWarmerLog.PostgresAway(log, failure);
        }
        return (false, default);
    }
}
