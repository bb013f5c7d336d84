using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Claim;

/// <summary>The table <c>commands</c>: which ids are new, and what became of each.</summary>
static class Journal
{
    /// <summary>
    /// Takes the ids that nobody has taken, as accepted until a decision says otherwise: most are, and are then written
    /// once. In the order of ids, so that two replicas with the same commands wait for each other and never deadlock. The
    /// archive is asked id by id, through its key, whatever the statistics say of it.
    /// </summary>
    public static NpgsqlBatchCommand Take(IReadOnlyCollection<HashedCommand> commands)
    {
        var contents = commands.Select(hashed => CommandContent.Of(hashed.Command)).ToArray();
        return new NpgsqlBatchCommand(
            """
            INSERT INTO commands (command_id, kind, payload_hash, outcome, bet_id, user_id, event_id, issued_at, applied_at)
            SELECT c.id, c.kind, c.hash, 'accepted', c.bet_id, c.user_id, c.event_id, c.issued_at, now()
            FROM unnest($1, $2, $3, $4, $5, $6, $7) AS c(id, kind, hash, bet_id, user_id, event_id, issued_at)
            WHERE (SELECT true FROM commands_archive a WHERE a.command_id = c.id) IS NULL
            ORDER BY c.id
            ON CONFLICT (command_id) DO NOTHING
            RETURNING command_id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(commands.Select(hashed => hashed.Command.Id)),
                ArrayParameter.Texts(commands.Select(hashed => CommandContract.TextOf(hashed.Command.Kind))),
                ArrayParameter.Hashes(commands.Select(hashed => hashed.Hash)),
                ArrayParameter.OptionalIds(contents.Select(content => content.BetId)),
                ArrayParameter.OptionalIds(contents.Select(content => content.UserId)),
                ArrayParameter.OptionalIds(contents.Select(content => content.EventId)),
                ArrayParameter.Moments(commands.Select(hashed => (DateTime?)hashed.Command.IssuedAt)),
            },
        };
    }

    /// <summary>The content hashes of commands that were there before.</summary>
    public static NpgsqlBatchCommand Hashes(IEnumerable<Guid> ids) =>
        new(
            """
            SELECT command_id, payload_hash FROM commands WHERE command_id = ANY($1)
            UNION ALL
            SELECT command_id, payload_hash FROM commands_archive WHERE command_id = ANY($1)
            """
        )
        {
            Parameters = { ArrayParameter.Uuids(ids) },
        };

    /// <summary>Writes outcomes over those that the journal has: everything that is not accepted at once.</summary>
    public static NpgsqlBatchCommand Outcomes(IReadOnlyCollection<(Guid Id, Outcome Outcome)> outcomes) =>
        new(
            """
            UPDATE commands SET outcome = o.outcome, reason = o.reason, applied_at = now()
            FROM unnest($1, $2, $3) AS o(id, outcome, reason)
            WHERE command_id = o.id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(outcomes.Select(row => row.Id)),
                ArrayParameter.Texts(outcomes.Select(row => OutcomeText.Of(row.Outcome.Kind))),
                ArrayParameter.Texts(outcomes.Select(row => row.Outcome.Reason)),
            },
        };

    /// <summary>Keeps what came with the id of another command.</summary>
    public static NpgsqlBatchCommand Conflicts(IReadOnlyCollection<(HashedCommand Command, byte[] FirstHash)> conflicts) =>
        new(
            """
            INSERT INTO command_conflicts (command_id, payload_hash, first_hash, command, seen_at)
            SELECT c.id, c.hash, c.first_hash, c.command, now() FROM unnest($1, $2, $3, $4) AS c(id, hash, first_hash, command)
            ORDER BY c.id, c.hash
            ON CONFLICT DO NOTHING
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(conflicts.Select(row => row.Command.Command.Id)),
                ArrayParameter.Hashes(conflicts.Select(row => row.Command.Hash)),
                ArrayParameter.Hashes(conflicts.Select(row => row.FirstHash)),
                ArrayParameter.Texts(conflicts.Select(row => CommandText.Of(row.Command.Command))),
            },
        };
}
