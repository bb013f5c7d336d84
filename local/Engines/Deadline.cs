namespace Betting.Local.Engines;

/// <summary>Waiting for a condition, never for a time.</summary>
public static class Deadline
{
    // Asking takes processor time from what is waited for, so it becomes rarer while nothing comes.
    static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50),
        LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks again and again until <paramref name="condition"/> holds.</summary>
    /// <exception cref="EngineException"><paramref name="condition"/> threw it; nothing is asked again.</exception>
    /// <exception cref="TimeoutException">
    /// It did not hold within <paramref name="limit"/>; carries the last error that asking gave.
    /// </exception>
    public static async Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> condition, CancellationToken cancellation = default)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
                last = null;
            }
            // What waits for an engine's answer throws this where the engine has ended.
            catch (Exception error)
                when (error is not EngineException && (error is not OperationCanceledException || !cancellation.IsCancellationRequested))
            {
                last = error;
            }
            var passed = clock.GetElapsedTime(start);
            if (passed > limit)
            {
                throw new TimeoutException(
                    $"{what} did not happen within {limit.TotalSeconds:F0} s{(last is null ? "" : ": " + last.Message)}",
                    last
                );
            }
            await Task.Delay(PauseAfter(passed), clock, cancellation);
        }
    }

    static TimeSpan PauseAfter(TimeSpan passed) =>
        TimeSpan.FromTicks(Math.Clamp(passed.Ticks / 8, ShortestPause.Ticks, LongestPause.Ticks));
}
