using System.Globalization;

namespace Betting.Ingest.Postgres;

/// <summary>PostgreSQL's clock jumped, and nothing irreversible may be decided by it.</summary>
/// <param name="Jump">How much further ahead it is than the last trusted reading lets expect; negative where it went back.</param>
/// <param name="Since">When the first doubted reading came, by the monotonic clock.</param>
public sealed record ClockDoubt(TimeSpan Jump, TimeSpan Since)
{
    /// <summary>In words that readiness and logs repeat.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"PostgreSQL's clock jumped by {Jump.TotalSeconds:+0.0;-0.0} s; nothing is decided until it agrees with this machine's clock"
        );
}

/// <summary>
/// Tells a jump of PostgreSQL's clock from the passing of time. A reading is doubted where it differs by more than the allowed skew
/// both from the last trusted reading plus the time since then, and from this machine's wall clock. Pure; not thread-safe.
/// </summary>
/// <remarks>
/// The first reading is trusted, so a clock that was wrong before the worker started is not noticed here. A jump that ends near the
/// wall clock is a correction. PostgreSQL reads its clock somewhere between question and answer, so a jump is noticed for certain where
/// it exceeds the skew and the time of the answer.
/// </remarks>
/// <param name="maxSkew">The largest difference that is no jump.</param>
public sealed class PostgresClock(TimeSpan maxSkew)
{
    Offset? _trusted;

    /// <summary>The doubt of the last reading; null where it was trusted.</summary>
    public ClockDoubt? Doubt { get; private set; }

    /// <summary>Judges a reading.</summary>
    /// <returns>Null where decisions may be based on it.</returns>
    public ClockDoubt? Note(ClockReading reading)
    {
        var offset = Offset.Of(reading);
        var jump = _trusted is { } trusted ? offset.Beyond(trusted) : TimeSpan.Zero;
        if (jump.Duration() > maxSkew && reading.Ahead.Duration() > maxSkew)
        {
            return Doubt = new ClockDoubt(jump, Doubt?.Since ?? reading.Answered.Elapsed);
        }
        _trusted = jump == TimeSpan.Zero && _trusted is { } before ? offset.And(before) : offset;
        return Doubt = null;
    }

    // By how much PostgreSQL's clock is ahead of the monotonic one, which is known within bounds.
    readonly record struct Offset(TimeSpan Least, TimeSpan Most)
    {
        public static Offset Of(ClockReading reading)
        {
            var postgres = TimeSpan.FromTicks(reading.Postgres.Ticks);
            return new Offset(postgres - reading.Answered.Elapsed, postgres - reading.Asked.Elapsed);
        }

        /// <summary>The least difference between the two; zero where they may be equal.</summary>
        public TimeSpan Beyond(Offset before) =>
            Least > before.Most ? Least - before.Most
            : Most < before.Least ? Most - before.Least
            : TimeSpan.Zero;

        /// <summary>Both bounds hold. A later reading is so compared with what is known best, however slow the answer in between.</summary>
        public Offset And(Offset other) => new(Least > other.Least ? Least : other.Least, Most < other.Most ? Most : other.Most);
    }
}
