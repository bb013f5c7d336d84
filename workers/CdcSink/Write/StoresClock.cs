namespace Betting.CdcSink.Write;

/// <summary>
/// ClickHouse's clock, as it was last read. Ages of what other machines have dated are counted by it, so that all replicas tell the same: of one
/// whose own clock is behind, alerts would take the smallest value. This machine's clock until it was read. Thread-safe.
/// </summary>
public sealed class StoresClock(TimeProvider clock)
{
    sealed record Reading(DateTimeOffset Time, long At);

    volatile Reading? _last;

    public DateTimeOffset Now => _last is { } last ? last.Time + clock.GetElapsedTime(last.At) : clock.GetUtcNow();

    /// <summary>Microseconds since 1970 UTC.</summary>
    public long NowMicros => (Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <param name="micros">What ClickHouse says; microseconds since 1970 UTC.</param>
    public void Read(long micros) => _last = new Reading(DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond), clock.GetTimestamp());
}
