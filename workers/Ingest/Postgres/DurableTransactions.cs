using System.Data;
using Betting.Connections;

namespace Betting.Ingest.Postgres;

/// <summary>Begins transactions whose effect is acknowledged to somebody.</summary>
/// <param name="postgres">Where.</param>
/// <param name="watch">Waits for their commits.</param>
public sealed class DurableTransactions(PostgresSource postgres, CommitWatch watch)
{
    /// <summary>Begins one; READ COMMITTED.</summary>
    /// <param name="cancellation">Ends the attempt to connect.</param>
    public async Task<DurableTransaction> BeginAsync(CancellationToken cancellation)
    {
        var connection = await postgres.OpenConnectionAsync(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
            return new DurableTransaction(connection, transaction, watch);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
