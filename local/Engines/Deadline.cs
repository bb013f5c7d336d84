namespace Betting.Local.Engines;

/// <summary>Waiting for a condition, never for a time.</summary>
public static class Deadline
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks again and again until <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It did not hold within <paramref name="limit"/>; carries the last error that asking gave.</exception>
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
            catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                last = error;
            }
            if (clock.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"{what} did not happen within {limit.TotalSeconds:F0} s{(last is null ? "" : ": " + last.Message)}", last);
            }
            await Task.Delay(Pause, clock, cancellation);
        }
    }
}
