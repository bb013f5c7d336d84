namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// ClickHouse's clock, as it was last read; this machine's until then. All replicas count the ages of what other machines have dated by it:
/// alerts take the smallest value of all, so a replica whose own clock is behind would hide what the others see. Thread-safe.
/// </summary>
public sealed class StoresClock(TimeProvider clock)
{
    sealed record Reading(DateTimeOffset Time, long At);

    volatile Reading? _last;

    public DateTimeOffset Now => _last is { } last ? last.Time + clock.GetElapsedTime(last.At) : clock.GetUtcNow();

    /// <summary>Microseconds since 1970 UTC.</summary>
    public long NowMicros => (Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <param name="micros">What ClickHouse says; microseconds since 1970 UTC.</param>
    public void Read(long micros) =>
        _last = new Reading(DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond), clock.GetTimestamp());
}
