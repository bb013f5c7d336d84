namespace Betting.Tests.Ingest.Postgres;

/// <summary>Another provider's time, and what a test has let pass besides.</summary>
sealed class MovedTime(TimeProvider time) : TimeProvider
{
    /// <summary>How much has passed besides, by both of the process's clocks.</summary>
    public TimeSpan Passed { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Passed;

    public override long GetTimestamp() => time.GetTimestamp() + (long)(Passed.TotalSeconds * TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
