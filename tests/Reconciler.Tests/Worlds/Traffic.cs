using Dapper;
using Npgsql;

namespace Betting.Tests.Reconciler.Worlds;

/// <summary>
/// Writers that do to users, events and bets whatever a writer of PostgreSQL may do, with values that break sloppy comparisons.
/// </summary>
static class Traffic
{
    static readonly string[] Names = ["Ada", "", "Björn Ångström", "🏁 Grand | Prix", "a|b", "~", "O'Neill \"q\" \\ tab\t", "名前", "x\ny"];
    static readonly string[] Moments =
    [
        "2024-02-29T23:59:59.999999Z",
        "2025-03-30T00:59:59.999999Z",
        "2025-03-30T01:00:00Z",
        "2025-10-26T00:30:00.000001Z",
        "2025-10-26T01:30:00Z",
        "2025-12-31T23:59:59.999999Z",
        "2026-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1931-05-01T12:00:00.5Z",
        "2262-04-12T00:00:00Z",
    ];

    /// <summary>
    /// One writer; ids from <paramref name="from"/> to <paramref name="from"/> + 499 are its own, users and events are everybody's.
    /// </summary>
    public static async Task WriteAsync(NpgsqlDataSource postgres, int from, int transactions, int seed, CancellationToken stop = default)
    {
        var random = new Random(seed);
        await using var connection = await postgres.OpenConnectionAsync(CancellationToken.None);
        for (var count = 0; count < transactions && !stop.IsCancellationRequested; count++)
        {
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            try
            {
                for (var change = random.Next(1, 6); change > 0; change--)
                {
                    await ChangeAsync(connection, random, from);
                }
                if (random.Next(10) > 0)
                {
                    await transaction.CommitAsync(CancellationToken.None);
                }
            }
            catch (PostgresException deadlock) when (deadlock.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // Writers that share users and events meet now and then; one of them is rolled back.
            }
        }
    }

    static async Task ChangeAsync(NpgsqlConnection connection, Random random, int from)
    {
        var id = from + random.Next(500);
        var name = Names[random.Next(Names.Length)];
        var moment = DateTimeOffset.Parse(Moments[random.Next(Moments.Length)], System.Globalization.CultureInfo.InvariantCulture);
        var shared = random.Next(1, 30);
        switch (random.Next(16))
        {
            case 0:
                await connection.ExecuteAsync(
                    "INSERT INTO users VALUES (@shared, @name, @moment) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                    new
                    {
                        shared,
                        name,
                        moment,
                    }
                );
                break;
            case 1:
                await connection.ExecuteAsync(
                    "INSERT INTO events VALUES (@shared, @name, 'motor', @moment, 'LIVE') ON CONFLICT (id) DO UPDATE SET start_time = "
                        + "excluded.start_time, name = excluded.name",
                    new
                    {
                        shared,
                        name,
                        moment,
                    }
                );
                break;
            case 2 when shared > 25:
                await connection.ExecuteAsync("DELETE FROM users WHERE id = @shared", new { shared });
                break;
            case 3 when shared > 25:
                await connection.ExecuteAsync("DELETE FROM events WHERE id = @shared", new { shared });
                break;
            case 4:
                await connection.ExecuteAsync("DELETE FROM bets WHERE id = @id", new { id });
                break;
            case < 8:
                await connection.ExecuteAsync(
                    "UPDATE bets SET status = 'SETTLED', payout = @payout, settled_at = @moment WHERE id = @id",
                    new
                    {
                        id,
                        payout = random.Next(2) == 0 ? (decimal?)null : random.Next(3),
                        moment,
                    }
                );
                break;
            // Users and events that no bet names.
            case 12:
                await connection.ExecuteAsync(
                    "INSERT INTO users VALUES (@id + 100000, @name, @moment) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                    new
                    {
                        id,
                        name,
                        moment,
                    }
                );
                break;
            case 13:
                await connection.ExecuteAsync(
                    """
                    INSERT INTO events VALUES (@id + 100000, @name, 'motor', @moment, 'LIVE')
                    ON CONFLICT (id) DO UPDATE SET status = 'FINISHED', category = excluded.name
                    """,
                    new
                    {
                        id,
                        name,
                        moment,
                    }
                );
                break;
            case 14:
                await connection.ExecuteAsync("DELETE FROM users WHERE id BETWEEN @id + 100000 AND @id + 100004", new { id });
                break;
            case 15:
                await connection.ExecuteAsync("DELETE FROM events WHERE id BETWEEN @id + 100000 AND @id + 100004", new { id });
                break;
            default:
                await connection.ExecuteAsync(
                    """
                    INSERT INTO bets VALUES (@id, @shared, @game, 'OPEN', @amount, NULL, @moment, NULL)
                    ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, placed_at = excluded.placed_at, event_id = excluded.event_id
                    """,
                    new
                    {
                        id,
                        shared,
                        game = random.Next(1, 30),
                        amount = random.Next(1, 999_999_999) / 100m,
                        moment,
                    }
                );
                break;
        }
    }
}
