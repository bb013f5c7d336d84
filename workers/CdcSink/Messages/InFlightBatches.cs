namespace Betting.CdcSink.Messages;

/// <summary>Counts batches between reading and their effect; the reading thread can wait until there are few.</summary>
sealed class InFlightBatches(TimeProvider clock)
{
    readonly object _gate = new();
    int _count;

    public void Add()
    {
        lock (_gate)
        {
            _count++;
        }
    }

    public void Remove()
    {
        lock (_gate)
        {
            _count--;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits at most so long; true if there are fewer than <paramref name="count"/>.</summary>
    public bool WaitForFewerThan(int count, TimeSpan limit)
    {
        var start = clock.GetTimestamp();
        lock (_gate)
        {
            while (_count >= count)
            {
                var left = limit - clock.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    return false;
                }
                Monitor.Wait(_gate, left);
            }
            return true;
        }
    }
}
