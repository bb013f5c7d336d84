using Betting.Local.Engines;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A wallet that somebody else has locked: batches that need it wait until this is disposed.</summary>
sealed class HeldWallet : IAsyncDisposable
{
    readonly NpgsqlDataSource _postgres;
    readonly NpgsqlConnection _connection;
    readonly NpgsqlTransaction _transaction;

    HeldWallet(NpgsqlDataSource postgres, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (_postgres, _connection, _transaction) = (postgres, connection, transaction);

    public static async Task<HeldWallet> HoldAsync(NpgsqlDataSource postgres, long user)
    {
        var connection = await postgres.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("SELECT balance FROM wallets WHERE user_id = $1 FOR UPDATE", connection, transaction)
        {
            Parameters = { new() { Value = user } },
        };
        Assert.NotNull(await hold.ExecuteScalarAsync());
        return new HeldWallet(postgres, connection, transaction);
    }

    /// <summary>Waits until some session waits for it.</summary>
    public Task IsWaitedForAsync() => Deadline.UntilAsync("a batch that waits for the wallet", TimeSpan.FromSeconds(30), async () =>
        {
            await using var waiting = _postgres.CreateCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
            );
            waiting.Parameters.AddWithValue(_connection.ProcessID);
            return (long)(await waiting.ExecuteScalarAsync())! > 0;
        });

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
