using Betting.Contracts.Commands;
using Npgsql;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// The usual way: a transaction a command, the wallet locked, prepared statements, a pool of eight connections. No broker
/// and no decoding: only what PostgreSQL has to do for it.
/// </summary>
static class OneByOne
{
    const int Connections = 8;

    public static async Task<double> RateAsync(
        BenchDatabase database,
        Workload workload,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        await using var postgres = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.IngestConnection)
            {
                MaxPoolSize = Connections,
                MaxAutoPrepare = 20,
                AutoPrepareMinUsages = 2,
            }
        );
        await ApplyAsync(postgres, workload.WarmUp, cancellation);
        var started = clock.GetTimestamp();
        await ApplyAsync(postgres, workload.Measured, cancellation);
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        await Journal.CheckAsync(database, workload);
        return workload.Measured.Count / seconds;
    }

    static async Task ApplyAsync(NpgsqlDataSource postgres, IReadOnlyList<PlaceBet> bets, CancellationToken cancellation)
    {
        var next = -1;
        await Task.WhenAll(
            Enumerable
                .Range(0, Connections)
                .Select(_ =>
                    Task.Run(
                        async () =>
                        {
                            while (Interlocked.Increment(ref next) is var i && i < bets.Count)
                            {
                                await PlaceAsync(postgres, bets[i], cancellation);
                            }
                        },
                        cancellation
                    )
                )
        );
    }

    static async Task PlaceAsync(NpgsqlDataSource postgres, PlaceBet bet, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var amount = bet.Amount.ToDecimal();
        var isNew = await RunAsync(
            connection,
            """
            INSERT INTO commands (command_id, kind, payload_hash, outcome, bet_id, user_id, event_id, issued_at, applied_at)
            VALUES ($1, 'place-bet', $2, 'accepted', $3, $4, $5, $6, now()) ON CONFLICT DO NOTHING
            """,
            cancellation,
            bet.Id,
            CommandHash.Of(bet),
            bet.BetId,
            bet.UserId,
            bet.EventId,
            bet.IssuedAt
        );
        var balance = await ReadAsync(connection, "SELECT balance FROM wallets WHERE user_id = $1 FOR UPDATE", bet.UserId, cancellation);
        var status = await ReadAsync(connection, "SELECT status FROM events WHERE id = $1", bet.EventId, cancellation);
        if (isNew == 0 || status is not "LIVE" || balance is not decimal money || money < amount)
        {
            throw new InvalidOperationException("no command of this measurement is refused");
        }
        await RunAsync(
            connection,
            "INSERT INTO bets (id, user_id, event_id, status, amount, placed_at) VALUES ($1, $2, $3, 'OPEN', $4, $5)",
            cancellation,
            bet.BetId,
            bet.UserId,
            bet.EventId,
            amount,
            bet.IssuedAt
        );
        await RunAsync(connection, "UPDATE wallets SET balance = balance - $2 WHERE user_id = $1", cancellation, bet.UserId, amount);
        await RunAsync(
            connection,
            """
            INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at)
            VALUES ($1, 'wallet', $2, $3, -$4, $5), ($1, 'stakes', $2, $3, $4, $5)
            """,
            cancellation,
            bet.Id,
            bet.UserId,
            bet.BetId,
            amount,
            bet.IssuedAt
        );
        await transaction.CommitAsync(cancellation);
    }

    static async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    static async Task<object?> ReadAsync(NpgsqlConnection connection, string sql, long id, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = id } } };
        return await command.ExecuteScalarAsync(cancellation);
    }
}
