using Betting.CdcSink.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Signs;

/// <summary>Logs that PostgreSQL's clock jumped, at most once a minute, and counts every jump. For any thread.</summary>
public sealed class ClockJumpReport(CdcSinkMetrics metrics, TimeProvider clock, ILogger<ClockJumpReport> log)
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    long? _logged;

    /// <param name="jumps">What a batch or a look found.</param>
    public void Found(IReadOnlyCollection<ClockJump> jumps)
    {
        if (jumps.Count == 0)
        {
            return;
        }
        metrics.ClockJumps(jumps.Count);
        lock (_gate)
        {
            if (_logged is { } last && clock.GetElapsedTime(last) < LogEvery)
            {
                return;
            }
            _logged = clock.GetTimestamp();
        }
        CdcSinkLog.ClockJumped(log, Moment(jumps.Min(each => each.KnownUntil)), Moment(jumps.Max(each => each.KnownAgain)), jumps.Count);
    }

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
