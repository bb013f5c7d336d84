using Betting.Connections;
using Betting.DeadLetters;
using Betting.Hosting;
using Npgsql;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Lets one replay or drop at a time end letters of Kafka's topic and of the table <c>dead_letters</c>, whichever machine it runs on. It is
/// a lock of a PostgreSQL session, which PostgreSQL releases when the connection ends, also that of a process that is killed.
/// </summary>
/// <param name="postgres">Null where <c>Postgres:ConnectionString</c> is not set.</param>
/// <param name="clock">For the time between attempts.</param>
public sealed class LetterLock(PostgresSource? postgres, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Any number that nobody else takes as an advisory lock in this database.</summary>
    public const long Key = 7_234_296_853_121_004_612;

    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(300);

    // Some 10 s.
    const int Attempts = 30;

    NpgsqlConnection? _session;

    /// <summary>Takes the lock, or makes sure that it is held still.</summary>
    /// <exception cref="LettersInUseException">Somebody else has held it for 10 s.</exception>
    /// <exception cref="ArgumentsException">No PostgreSQL is named.</exception>
    /// <exception cref="NpgsqlException">PostgreSQL could not be asked, or the session with the lock has ended.</exception>
    public async Task TakeAsync(CancellationToken cancellation)
    {
        if (postgres is null)
        {
            throw new ArgumentsException(
                "Postgres:ConnectionString: required to replay or drop letters of Kafka; its lock keeps a "
                    + "second replay from sending the same letters"
            );
        }
        if (_session is { } held)
        {
            // An answer says that the session, and so the lock, is there.
            await using var alive = new NpgsqlCommand("SELECT 1", held);
            await alive.ExecuteScalarAsync(cancellation);
            return;
        }
        var session = await postgres.OpenConnectionAsync(cancellation);
        try
        {
            await using var attempt = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", session)
            {
                Parameters = { new() { Value = Key } },
            };
            for (var attempts = 1; !(bool)(await attempt.ExecuteScalarAsync(cancellation))!; attempts++)
            {
                if (attempts == Attempts)
                {
                    throw new LettersInUseException();
                }
                await Task.Delay(Again, clock, cancellation);
            }
            _session = session;
        }
        finally
        {
            if (_session is null)
            {
                await session.DisposeAsync();
            }
        }
    }

    /// <summary>Ends the session, which releases the lock.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_session is { } session)
        {
            // The pool would keep the session, and the lock with it.
            postgres!.Clear();
            await session.DisposeAsync();
        }
    }
}
