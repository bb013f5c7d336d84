using Betting.Connections;
using Betting.Ingest.Failures;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Postgres;

/// <summary>
/// PostgreSQL's clock as transactions use it: each reading is compared with those before it, whichever connection they came from, and
/// refused while the clock is doubted. Thread-safe.
/// </summary>
public sealed class CheckedClock(IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock)
{
    readonly PostgresClock _postgres = new(options.Value.MaxClockSkew);
    readonly Lock _gate = new();

    /// <summary>Now, by this process: to be taken before PostgreSQL is asked for its time.</summary>
    public Moment Now() => new(clock.GetElapsedTime(0), clock.GetUtcNow().UtcDateTime);

    /// <summary>A reading that decides nothing; it begins or ends the doubt all the same.</summary>
    /// <param name="asked">When PostgreSQL was asked.</param>
    /// <param name="postgres">What it answered, UTC.</param>
    public (ClockReading Reading, ClockDoubt? Doubt) Note(Moment asked, DateTime postgres)
    {
        var reading = new ClockReading(asked, postgres, Now());
        lock (_gate)
        {
            var wasTrusted = _postgres.Doubt is null;
            var doubt = _postgres.Note(reading);
            if (wasTrusted && doubt is not null)
            {
                metrics.ClockJumped();
            }
            metrics.ClockDoubted(doubt is null ? TimeSpan.Zero : reading.Answered.Elapsed - doubt.Since);
            return (reading, doubt);
        }
    }

    /// <summary>A reading that decides something, in the transaction that decides it.</summary>
    /// <returns>The same time.</returns>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is doubted.</exception>
    public DateTime Check(Moment asked, DateTime postgres) =>
        Note(asked, postgres).Doubt is { } doubt ? throw new PostgresClockException(doubt.ToString()) : postgres;

    /// <summary>Asks PostgreSQL for its time, UTC.</summary>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is doubted.</exception>
    public async Task<DateTime> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var question = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var asked = Now();
        return Check(asked, (DateTime)(await question.ExecuteScalarAsync(cancellation))!);
    }

    /// <summary>While the clock is doubted, asks for it before a transaction writes what it could only roll back.</summary>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is still doubted.</exception>
    public async Task AskAgainAsync(PostgresSource postgres, CancellationToken cancellation)
    {
        if (IsDoubted())
        {
            await using var connection = await postgres.OpenConnectionAsync(cancellation);
            await ReadAsync(connection, cancellation);
        }
    }

    bool IsDoubted()
    {
        lock (_gate)
        {
            return _postgres.Doubt is not null;
        }
    }
}
