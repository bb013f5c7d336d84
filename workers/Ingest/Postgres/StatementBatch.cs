using Npgsql;

namespace Betting.Ingest.Postgres;

/// <summary>Statements of one transaction that are sent to PostgreSQL in one round trip.</summary>
static class StatementBatch
{
    public static NpgsqlBatch Of(NpgsqlTransaction transaction, IReadOnlyList<NpgsqlBatchCommand> statements)
    {
        var batch = new NpgsqlBatch(transaction.Connection, transaction);
        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement);
        }
        return batch;
    }
}
