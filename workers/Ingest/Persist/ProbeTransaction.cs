using System.Data;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Npgsql;

namespace Betting.Ingest.Persist;

/// <summary>
/// An ordinary transaction that is rolled back. It is run before a command is put aside, rejected or quarantined because PostgreSQL refused
/// it: the refusal is taken for the data's only while PostgreSQL takes this one.
/// </summary>
/// <remarks>
/// A row of the journal, as each batch begins with: it needs a transaction id, the table's indexes, constraints and triggers, and the right
/// to write. Its command has an id of its own and concerns nobody, so no data of a command can be the reason of its refusal.
/// </remarks>
public sealed class ProbeTransaction(PostgresSource postgres)
{
    /// <summary>Ends without an exception where PostgreSQL took the transaction.</summary>
    /// <param name="cancellation">Ends the transaction.</param>
    /// <exception cref="ServerRefusesException">PostgreSQL answered with a code that otherwise tells of data.</exception>
    /// <exception cref="NpgsqlException">Any other failure.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await postgres.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
            // Deferred constraints and triggers are otherwise asked at the commit, which never comes.
            await DecidedTransaction.RunAsync(
                transaction,
                [.. BatchStatements.Take([Command()]), new("SET CONSTRAINTS ALL IMMEDIATE")],
                cancellation
            );
            await transaction.RollbackAsync(cancellation);
        }
        catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.Data or FailureClass.IdTaken)
        {
            throw new ServerRefusesException("PostgreSQL refuses any row of the journal", failure);
        }
    }

    static HashedCommand Command() => new(new RegisterUser(Guid.NewGuid(), DateTime.UnixEpoch, 0, "probe"));
}
