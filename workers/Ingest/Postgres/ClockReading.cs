namespace Betting.Ingest.Postgres;

/// <summary>A moment of this process by both of its clocks.</summary>
/// <param name="Elapsed">By the monotonic clock, which nobody sets; counted from any fixed beginning.</param>
/// <param name="Wall">By this machine's wall clock, UTC.</param>
public readonly record struct Moment(TimeSpan Elapsed, DateTime Wall);

/// <summary>One look at PostgreSQL's clock.</summary>
/// <param name="Asked">Before PostgreSQL was asked.</param>
/// <param name="Postgres">PostgreSQL's time, UTC, read at some moment between the two others.</param>
/// <param name="Answered">When the answer had come.</param>
public readonly record struct ClockReading(Moment Asked, DateTime Postgres, Moment Answered)
{
    /// <summary>
    /// How far this machine's wall clock is ahead of PostgreSQL's at least; negative where it is behind. A slow answer alone is no
    /// difference.
    /// </summary>
    public TimeSpan Ahead =>
        Asked.Wall > Postgres ? Asked.Wall - Postgres
        : Answered.Wall < Postgres ? Answered.Wall - Postgres
        : TimeSpan.Zero;
}
