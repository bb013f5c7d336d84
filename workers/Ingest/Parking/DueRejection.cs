using Betting.Connections;
using Betting.Ingest.Failures;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Persist;
using Betting.Ingest.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Betting.Ingest.Parking;

/// <summary>
/// Rejects parked commands whose deadline has come, by PostgreSQL's clock: set-based and without decoding them, a bounded number
/// in a transaction. Replicas share the work, because each passes over the rows that another has locked. While PostgreSQL's clock is
/// doubted, nothing is rejected.
/// </summary>
/// <remarks>
/// What has come itself meanwhile is left to its release. A transaction that brings it locks what waits before it decides, so of
/// the two one passes over or waits for the other's rows; a release that is open ends this transaction at the gate (40001).
/// </remarks>
public sealed class DueRejection(PostgresSource postgres, DurableTransactions transactions, CheckedClock clock, IngestMetrics metrics)
{
    /// <summary>Commands that one transaction rejects at most.</summary>
    public const int MostAtOnce = 5_000;

    // The time is a parameter: it is the reading that was checked. So is one command's id, where it is that one alone.
    const string Due = $"""
        SELECT p.command_id, p.waits_for, p.waits_for IN ('user', 'event', 'bet')
            AND EXISTS (SELECT FROM commands c WHERE c.command_id = p.command_id AND c.outcome = 'parked') AS sound FROM parked_commands p
        WHERE p.deadline <= $2 AND p.quarantined_because IS NULL AND ($3::uuid IS NULL OR p.command_id = $3) AND NOT {ArrivedKeys.Arrived}
        ORDER BY p.deadline LIMIT $1 FOR UPDATE SKIP LOCKED
        """;

    // The reason is the one that WaitKey.Missing gives.
    const string Reject = $"""
        WITH due AS MATERIALIZED ({Due}),
        removed AS (DELETE FROM parked_commands p USING due WHERE p.command_id = due.command_id AND due.sound),
        unsound AS (
            UPDATE parked_commands p SET quarantined_because = 'the journal has no such parked command, or it waits for something unknown'
            FROM due WHERE p.command_id = due.command_id AND NOT due.sound),
        rejected AS (
            UPDATE commands c SET outcome = 'rejected', reason = 'unknown-' || due.waits_for, applied_at = clock_timestamp()
            FROM due WHERE c.command_id = due.command_id AND due.sound RETURNING c.kind, c.reason)
        SELECT kind, reason, count(*) FROM rejected GROUP BY kind, reason
        """;

    const string Quarantine = "UPDATE parked_commands SET quarantined_because = $2 WHERE command_id = $1";

    readonly SizeLimit _limit = new(MostAtOnce);
    readonly ProbeTransaction _probe = new(postgres);

    /// <summary>Rejects one transaction's share of what is due.</summary>
    /// <returns>How many commands have their final outcome now; null when nothing is left for this replica.</returns>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is doubted.</exception>
    /// <exception cref="ServerRefusesException">PostgreSQL refuses the rejection because of its own state.</exception>
    public async Task<long?> RejectSomeAsync(CancellationToken cancellation)
    {
        var size = _limit.Size;
        try
        {
            var rejected = await RejectAsync(size, cancellation);
            _limit.Passed(size);
            return rejected > 0 ? rejected : null;
        }
        catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.Data && size == 1)
        {
            // The database refuses even the rejection of one; the others go on without it.
            await _probe.RunAsync(cancellation);
            await RejectOrQuarantineAsync(cancellation);
            return 0;
        }
        catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.TooMuch or FailureClass.Data && size > 1)
        {
            metrics.Retry("parked", failure);
            _limit.TooMuch(size);
            return 0;
        }
    }

    async Task<long> RejectAsync(int most, CancellationToken cancellation)
    {
        await using var durable = await transactions.BeginAsync(cancellation);
        var now = await clock.ReadAsync(durable.Transaction.Connection!, cancellation);
        var rejected = await RejectAsync(durable.Transaction, most, now, null, cancellation);
        await durable.CommitAsync(ParkingGate.Pass([], [], [], null, releasing: false), cancellation);
        metrics.Rejected(rejected);
        return rejected.Sum(row => row.Count);
    }

    static async Task<List<(string Kind, string Reason, long Count)>> RejectAsync(
        NpgsqlTransaction transaction,
        int most,
        DateTime now,
        Guid? command,
        CancellationToken cancellation
    )
    {
        await using var batch = StatementBatch.Of(transaction, [new(Reject) { Parameters = { Number(most), Time(now), Id(command) } }]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var rejected = new List<(string Kind, string Reason, long Count)>();
        while (await rows.ReadAsync(cancellation))
        {
            rejected.Add((rows.GetString(0), rows.GetString(1), rows.GetInt64(2)));
        }
        return rejected;
    }

    // Another replica may hold the first one, so the command is chosen, locked and then refused once more, by its id.
    async Task RejectOrQuarantineAsync(CancellationToken cancellation)
    {
        await using var durable = await transactions.BeginAsync(cancellation);
        var transaction = durable.Transaction;
        var now = await clock.ReadAsync(transaction.Connection!, cancellation);
        if (await FirstDueAsync(transaction, now, cancellation) is not { } command)
        {
            return;
        }
        await transaction.SaveAsync("alone", cancellation);
        List<(string Kind, string Reason, long Count)> rejected = [];
        try
        {
            rejected = await RejectAsync(transaction, 1, now, command, cancellation);
            // What would be refused at the commit is refused here.
            await DecidedTransaction.RunAsync(transaction, [new("SET CONSTRAINTS ALL IMMEDIATE")], cancellation);
        }
        catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.Data)
        {
            await transaction.RollbackAsync("alone", cancellation);
            await using var quarantine = StatementBatch.Of(
                transaction,
                [
                    new(Quarantine)
                    {
                        Parameters =
                        {
                            Id(command),
                            new NpgsqlParameter<string> { TypedValue = Failure.LineOf(failure) },
                        },
                    },
                ]
            );
            await quarantine.ExecuteNonQueryAsync(cancellation);
        }
        await durable.CommitAsync(ParkingGate.Pass([], [], [], null, releasing: false), cancellation);
        metrics.Rejected(rejected);
    }

    static async Task<Guid?> FirstDueAsync(NpgsqlTransaction transaction, DateTime now, CancellationToken cancellation)
    {
        await using var first = new NpgsqlCommand(Due, transaction.Connection, transaction)
        {
            Parameters = { Number(1), Time(now), Id(null) },
        };
        return await first.ExecuteScalarAsync(cancellation) as Guid?;
    }

    static NpgsqlParameter<int> Number(int value) => new() { TypedValue = value };

    static NpgsqlParameter Id(Guid? value) => new() { NpgsqlDbType = NpgsqlDbType.Uuid, Value = value is { } id ? id : DBNull.Value };

    static NpgsqlParameter<DateTime> Time(DateTime value) => new() { TypedValue = value };
}
