using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Load;
using Betting.Ingest.Messages;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Persist;

/// <summary>What every transaction does between its look at what is parked and its commit: load, save.</summary>
static class DecidedTransaction
{
    /// <summary>Locks and reads what the commands and the parked ones touch, and PostgreSQL's time.</summary>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is doubted.</exception>
    public static async Task<LoadedState> LoadAsync(
        NpgsqlTransaction transaction,
        IReadOnlyList<BetCommand> commands,
        IReadOnlyList<ParkedCommand> parked,
        CheckedClock clock,
        CancellationToken cancellation
    )
    {
        var touched = new Touched();
        foreach (var command in commands)
        {
            touched.Add(command);
        }
        foreach (var waiting in parked)
        {
            touched.Add(waiting.Command);
            touched.Add(waiting.Wait);
        }
        var asked = clock.Now();
        var loaded = await StateLoader.LoadAsync(transaction, touched, cancellation);
        clock.Check(asked, loaded.Now);
        return loaded;
    }

    /// <summary>Writes what was decided, in one round trip.</summary>
    /// <exception cref="RowsNotSavedException">PostgreSQL wrote another number of rows.</exception>
    public static async Task SaveAsync(
        NpgsqlTransaction transaction,
        State state,
        BatchDecision decision,
        IReadOnlyCollection<(HashedCommand, byte[])> conflicts,
        IReadOnlyList<UnreadableParked> unreadable,
        CancellationToken cancellation
    )
    {
        List<SavedRows> rows =
        [
            .. BatchStatements.Save(state, decision, conflicts),
            .. SavedRows.Of(unreadable, ParkedCommands.Quarantine),
        ];
        await RunAsync(transaction, rows.ConvertAll(each => each.Statement), cancellation);
        rows.ForEach(each => each.Check());
    }

    /// <summary>One round trip whose rows nobody reads; none for no statements.</summary>
    public static async Task RunAsync(
        NpgsqlTransaction transaction,
        IReadOnlyList<NpgsqlBatchCommand> statements,
        CancellationToken cancellation
    )
    {
        if (statements.Count > 0)
        {
            await using var batch = StatementBatch.Of(transaction, statements);
            await batch.ExecuteNonQueryAsync(cancellation);
        }
    }
}
