using Npgsql;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Sessions that change users, events and bets at random in transactions of several statements, some of them rolled back: inserts of
/// many rows, updates, deletes, re-inserts under the same key, changed keys and sorting keys, now and then a truncate.
/// </summary>
sealed class LiveTraffic : IAsyncDisposable
{
    const int Sessions = 2;

    /// <summary>Of each session; what the machine can also capture, while it does everything else.</summary>
    static readonly TimeSpan BetweenTransactions = TimeSpan.FromMilliseconds(40);

    readonly NpgsqlDataSource _postgres;
    readonly CancellationTokenSource _stopping = new();
    readonly Task _sessions;
    int _committed;

    public LiveTraffic(NpgsqlDataSource postgres, int seed)
    {
        _postgres = postgres;
        _sessions = Task.WhenAll(
            Enumerable.Range(0, Sessions).Select(session => Task.Run(() => RunAsync(new Random(seed * Sessions + session))))
        );
    }

    public int Committed => _committed;

    /// <summary>Ends after the transactions in hand; throws what a session threw.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _sessions;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    async Task RunAsync(Random random)
    {
        await using var connection = await _postgres.OpenConnectionAsync();
        using var pace = new PeriodicTimer(BetweenTransactions, TimeProvider.System);
        while (!_stopping.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            try
            {
                for (var statements = random.Next(1, 6); statements > 0; statements--)
                {
                    await using var command = new NpgsqlCommand(Statement(random), connection, transaction);
                    await command.ExecuteNonQueryAsync();
                }
                if (random.Next(15) == 0)
                {
                    await transaction.RollbackAsync();
                    continue;
                }
                await transaction.CommitAsync();
                Interlocked.Increment(ref _committed);
            }
            catch (PostgresException collided)
                when (collided.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected)
            {
                await transaction.RollbackAsync();
            }
        }
    }

    static string Statement(Random random)
    {
        var (user, played, bet) = (random.Next(1, 60), random.Next(1, 25), random.Next(1, 3000));
        var status = ((string[])["OPEN", "SETTLED", "CASHED_OUT", "CANCELLED"])[random.Next(4)];
        return random.Next(400) == 0
            ? "TRUNCATE events"
            : random.Next(20) switch
            {
                < 3 => $"INSERT INTO users VALUES ({user}, 'user {random.Next()} ü\u2028', now() - interval '{random.Next(1000)} hours') "
                    + $"ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name",
                3 => $"DELETE FROM users WHERE id = {user}",
                < 6 => $"INSERT INTO events VALUES ({played}, 'event {random.Next()}', 'c{played % 4}', now() + interval "
                    + $"'{random.Next(1000)} hours', 'SCHEDULED') ON CONFLICT (id) DO UPDATE SET status = 'LIVE', name = EXCLUDED.name",
                6 => $"DELETE FROM events WHERE id = {played}",
                < 11 => $"INSERT INTO bets SELECT n, {user}, {played}, 'OPEN', {random.Next(1, 1_000_000)} / 100.0, NULL, now() - "
                    + $"interval '{random.Next(90)} days', NULL FROM generate_series({bet}, {bet + random.Next(8)}) n ON CONFLICT DO "
                    + $"NOTHING",
                < 15 => $"UPDATE bets SET status = '{status}', payout = {random.Next(1_000_000)} / 100.0, settled_at = now() WHERE id "
                    + $"BETWEEN {bet} AND {bet + random.Next(6)}",
                15 => $"UPDATE bets SET placed_at = placed_at - interval '{random.Next(60)} days', user_id = {user} WHERE id = {bet}",
                16 => $"UPDATE bets SET id = {random.Next(1, 3000)} WHERE id = {bet}",
                17 => $"UPDATE bets SET event_id = {played}, settled_at = NULL, payout = NULL WHERE id = {bet}",
                _ => $"DELETE FROM bets WHERE id BETWEEN {bet} AND {bet + random.Next(4)}",
            };
    }
}
