using Dapper;
using Npgsql;

namespace Betting.Tests.CacheWarmer.Worlds;

/// <summary>A change that is not committed yet.</summary>
sealed record Change(long? Id, string Op, string? Before, string? After, long Lsn);

/// <summary>A transaction with what it wrote so far.</summary>
sealed class OpenTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, uint id) : IAsyncDisposable
{
    public NpgsqlConnection Connection => connection;
    public NpgsqlTransaction Transaction => transaction;
    public uint Id => id;
    public HashSet<long> Touched { get; } = [];
    public List<Change> Changes { get; } = [];

    public static async Task<OpenTransaction> BeginAsync(NpgsqlDataSource postgres)
    {
        var connection = await postgres.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        var id = await connection.ExecuteScalarAsync<long>("SELECT pg_current_xact_id()::text::bigint");
        return new OpenTransaction(connection, transaction, (uint)id);
    }

    /// <summary>Where the log stands: below what this transaction writes next, above what it wrote before.</summary>
    public Task<long> LsnAsync() => connection.ExecuteScalarAsync<long>("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");

    public void Add(long? betId, string op, string? before, string? after, long lsn) =>
        Changes.Add(new Change(betId, op, before, after, lsn));

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
