using Betting.Ingest.Decide;
using Npgsql;
using NpgsqlTypes;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>A batch's new bets and ledger entries, written by binary COPY in place of the worker's two INSERT statements.</summary>
sealed class CopiedRows(IReadOnlyList<Bet> bets, IReadOnlyList<LedgerEntry> entries, RowsBy by)
{
    const string BetColumns = "id, user_id, event_id, status, amount, placed_at",
        EntryColumns = "command_id, account, user_id, bet_id, amount, issued_at";

    /// <summary>What a session needs before it can copy into staging.</summary>
    public const string Staging = $"""
        CREATE TEMP TABLE staged_bets ON COMMIT DELETE ROWS AS SELECT {BetColumns} FROM bets WITH NO DATA;
        CREATE TEMP TABLE staged_entries ON COMMIT DELETE ROWS AS SELECT {EntryColumns} FROM ledger_entries WITH NO DATA
        """;

    /// <summary>Whether a statement of the worker is one that this stands for.</summary>
    public static bool Replaces(NpgsqlBatchCommand statement) =>
        statement.CommandText.StartsWith("INSERT INTO bets", StringComparison.Ordinal)
        || statement.CommandText.StartsWith("INSERT INTO ledger_entries", StringComparison.Ordinal);

    /// <summary>What moves the rows on, where they were copied into staging.</summary>
    public IReadOnlyList<NpgsqlBatchCommand> Then =>
        by == RowsBy.Copy
            ? []
            :
            [
                new($"INSERT INTO bets ({BetColumns}) SELECT {BetColumns} FROM staged_bets ORDER BY id"),
                new($"INSERT INTO ledger_entries ({EntryColumns}) SELECT {EntryColumns} FROM staged_entries"),
            ];

    public async Task CopyAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var (toBets, toEntries) = by == RowsBy.Copy ? ("bets", "ledger_entries") : ("staged_bets", "staged_entries");
        await using (
            var copy = await connection.BeginBinaryImportAsync($"COPY {toBets} ({BetColumns}) FROM STDIN (FORMAT binary)", cancellation)
        )
        {
            foreach (var bet in bets)
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(bet.Id, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(bet.UserId, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(bet.EventId, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(bet.Status, NpgsqlDbType.Text, cancellation);
                await copy.WriteAsync(bet.Amount.ToDecimal(), NpgsqlDbType.Numeric, cancellation);
                await copy.WriteAsync(bet.PlacedAt!.Value, NpgsqlDbType.TimestampTz, cancellation);
            }
            await copy.CompleteAsync(cancellation);
        }
        await using (
            var copy = await connection.BeginBinaryImportAsync(
                $"COPY {toEntries} ({EntryColumns}) FROM STDIN (FORMAT binary)",
                cancellation
            )
        )
        {
            foreach (var entry in entries)
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(entry.CommandId, NpgsqlDbType.Uuid, cancellation);
                await copy.WriteAsync(entry.Account, NpgsqlDbType.Text, cancellation);
                await copy.WriteAsync(entry.UserId, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(entry.BetId!.Value, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(entry.Amount.ToDecimal(), NpgsqlDbType.Numeric, cancellation);
                await copy.WriteAsync(entry.IssuedAt, NpgsqlDbType.TimestampTz, cancellation);
            }
            await copy.CompleteAsync(cancellation);
        }
    }
}
