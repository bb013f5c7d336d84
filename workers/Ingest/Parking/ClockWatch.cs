using Betting.Hosting;
using Betting.Ingest.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Parking;

/// <summary>
/// Reports how this machine's clock and PostgreSQL's differ. Nothing is decided by this machine's clock; but its logs, traces and
/// metrics are wrong by the difference, so above <c>MaxClockSkew</c> the replica is not ready. Where PostgreSQL's clock jumped, it is
/// named instead. Either is logged once a minute.
/// </summary>
public sealed class ClockWatch(
    IOptions<IngestOptions> options,
    Readiness readiness,
    IngestMetrics metrics,
    TimeProvider clock,
    ILogger<ClockWatch> log
)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "clock";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    long _reported;
    Verdict _before;

    enum Verdict
    {
        Agrees,
        Skewed,
        Doubted,
    }

    /// <param name="reading">What PostgreSQL's clock said.</param>
    /// <param name="doubt">Why that is not believed; null where it is.</param>
    public void Compare(ClockReading reading, ClockDoubt? doubt)
    {
        var ahead = reading.Ahead;
        metrics.ClockAhead(ahead);
        var verdict =
            doubt is not null ? Verdict.Doubted
            : ahead.Duration() > options.Value.MaxClockSkew ? Verdict.Skewed
            : Verdict.Agrees;
        var detail = doubt?.ToString() ?? $"{ahead.TotalSeconds:+0.0;-0.0} s from PostgreSQL's clock";
        readiness.Set(Condition, verdict == Verdict.Agrees, detail);
        if (verdict != _before || (verdict != Verdict.Agrees && clock.GetElapsedTime(_reported) >= SayAgainAfter))
        {
            _reported = clock.GetTimestamp();
            Log(verdict, ahead, doubt);
        }
        _before = verdict;
    }

    void Log(Verdict verdict, TimeSpan ahead, ClockDoubt? doubt)
    {
        if (_before == Verdict.Doubted && verdict != Verdict.Doubted)
        {
            IngestLog.PostgresClockTrusted(log, ahead.TotalSeconds);
        }
        switch (verdict)
        {
            case Verdict.Doubted:
                IngestLog.PostgresClockDoubted(log, doubt!.Jump.TotalSeconds, ahead.TotalSeconds, options.Value.MaxClockSkew.TotalSeconds);
                break;
            case Verdict.Skewed:
                IngestLog.ClockSkewed(log, ahead.TotalSeconds, options.Value.MaxClockSkew.TotalSeconds);
                break;
            case Verdict.Agrees when _before == Verdict.Skewed:
                IngestLog.ClockAgrees(log, ahead.TotalSeconds);
                break;
        }
    }
}
