using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Outage;

/// <summary>
/// Opens after a number of failures in a row; while open, one attempt is let through in each probe interval, and the first
/// that succeeds closes it. One for the whole process: what one loop learns about Redis, the others need not try.
/// </summary>
sealed class Breaker(IOptions<CacheWarmerOptions> options, TimeProvider clock)
{
    readonly Lock _gate = new();
    int _failures;
    long _nextProbe;

    public bool IsOpen
    {
        get
        {
            lock (_gate)
                return _failures >= options.Value.BreakerFailures;
        }
    }

    /// <summary>Whether an attempt may be made now; while open this takes the probe.</summary>
    public bool Allows()
    {
        lock (_gate)
        {
            if (_failures < options.Value.BreakerFailures)
            {
                return true;
            }
            if (clock.GetTimestamp() < _nextProbe)
            {
                return false;
            }
            ScheduleProbe();
            return true;
        }
    }

    /// <returns>True if this closed the breaker.</returns>
    public bool Succeeded()
    {
        lock (_gate)
        {
            var closed = _failures >= options.Value.BreakerFailures;
            _failures = 0;
            return closed;
        }
    }

    /// <returns>True if this opened the breaker.</returns>
    public bool Failed()
    {
        lock (_gate)
        {
            _failures = Math.Min(_failures + 1, options.Value.BreakerFailures + 1);
            if (_failures >= options.Value.BreakerFailures)
            {
                ScheduleProbe();
            }
            return _failures == options.Value.BreakerFailures;
        }
    }

    void ScheduleProbe() => _nextProbe = clock.GetTimestamp() + (long)(options.Value.BreakerProbe.TotalSeconds * clock.TimestampFrequency);
}
