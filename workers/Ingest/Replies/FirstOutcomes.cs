using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Replies;

/// <summary>
/// What a publisher is told that sends a command again: the first outcome, as the journal has it. With synchronous replication the standby
/// has it too: a command that was parked may have been released meanwhile by a commit that the standby never got.
/// </summary>
public sealed class FirstOutcomes(DurableTransactions transactions)
{
    static readonly string Duplicate = OutcomeText.Of(OutcomeKind.Duplicate);

    public static bool IsAsked(Reply answer) => answer.Outcome == Duplicate;

    /// <summary>Reads the first outcomes of commands that the journal has.</summary>
    /// <exception cref="CommitNotKnownException">What was read may be on no standby.</exception>
    public async Task<Dictionary<Guid, Reply>> ReadAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellation)
    {
        await using var durable = await transactions.BeginAsync(cancellation);
        var answers = await ReadAsync(durable.Transaction, ids, cancellation);
        await durable.CommitAsync([], cancellation, hasWritten: false);
        return answers;
    }

    static async Task<Dictionary<Guid, Reply>> ReadAsync(
        NpgsqlTransaction transaction,
        IReadOnlyCollection<Guid> ids,
        CancellationToken cancellation
    )
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT c.command_id, c.outcome, c.reason, p.waits_for, p.waits_id, p.deadline
            FROM commands c LEFT JOIN parked_commands p USING (command_id) WHERE c.command_id = ANY($1)
            UNION ALL SELECT command_id, outcome, reason, NULL, NULL, NULL FROM commands_archive WHERE command_id = ANY($1)
            """,
            transaction.Connection,
            transaction
        );
        command.Parameters.AddWithValue(ids.ToArray());
        var answers = new Dictionary<Guid, Reply>(ids.Count);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            answers[rows.GetGuid(0)] = new Reply(
                rows.GetGuid(0),
                rows.GetString(1),
                await rows.IsDBNullAsync(2, cancellation) ? null : rows.GetString(2)
            )
            {
                Waits = await rows.IsDBNullAsync(3, cancellation)
                    ? null
                    : new Waiting(rows.GetString(3), rows.GetInt64(4), rows.GetDateTime(5)),
            };
        }
        return answers;
    }
}
