using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Parking;

/// <summary>
/// Compares this machine's clock with PostgreSQL's. Nothing is decided by this machine's clock; but its logs, traces and metrics
/// are wrong by the difference, so above <c>MaxClockSkew</c> the replica is not ready and says so once a minute.
/// </summary>
public sealed class ClockWatch(IOptions<IngestOptions> options, Readiness readiness, IngestMetrics metrics, TimeProvider clock, ILogger<ClockWatch> log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "clock";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    long? _said;
    bool _skewed;

    /// <param name="asked">This machine's time before PostgreSQL was asked for its own.</param>
    /// <param name="postgres">PostgreSQL's time.</param>
    /// <param name="answered">This machine's time when the answer had come.</param>
    public void Compare(DateTime asked, DateTime postgres, DateTime answered)
    {
        var ahead = SurelyAhead(asked, postgres, answered);
        metrics.ClockAhead(ahead);
        var skewed = ahead.Duration() > options.Value.MaxClockSkew;
        readiness.Set(Condition, !skewed, $"{ahead.TotalSeconds:+0.0;-0.0} s from PostgreSQL's clock");
        if (skewed && (_said is not { } said || clock.GetElapsedTime(said) >= SayAgainAfter))
        {
            _said = clock.GetTimestamp();
            IngestLog.ClockSkewed(log, ahead.TotalSeconds, options.Value.MaxClockSkew.TotalSeconds);
        }
        else if (_skewed && !skewed)
        {
            _said = null;
            IngestLog.ClockAgrees(log, ahead.TotalSeconds);
        }
        _skewed = skewed;
    }

    /// <summary>
    /// How far this machine's clock is ahead of PostgreSQL's at least; negative where it is behind. PostgreSQL's time was read
    /// somewhere between the two moments, so a slow answer alone is no difference.
    /// </summary>
    public static TimeSpan SurelyAhead(DateTime asked, DateTime postgres, DateTime answered) =>
        asked > postgres ? asked - postgres
        : answered < postgres ? answered - postgres
        : TimeSpan.Zero;
}
