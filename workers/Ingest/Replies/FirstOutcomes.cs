using Betting.Ingest.Decide;
using Betting.Ingest.Doors;
using Npgsql;

namespace Betting.Ingest.Replies;

/// <summary>What a publisher is told that sends a command again: the first outcome, as the journal has it.</summary>
public sealed class FirstOutcomes(NpgsqlDataSource postgres)
{
    static readonly string Duplicate = OutcomeText.Of(OutcomeKind.Duplicate);

    public static bool IsAsked(Answer answer) => answer.Outcome == Duplicate;

    public async Task<Dictionary<Guid, Answer>> ReadAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellation)
    {
        await using var command = postgres.CreateCommand("""
            SELECT c.command_id, c.outcome, c.reason, p.waits_for, p.waits_id, p.deadline
            FROM commands c LEFT JOIN parked_commands p USING (command_id) WHERE c.command_id = ANY($1)
            UNION ALL SELECT command_id, outcome, reason, NULL, NULL, NULL FROM commands_archive WHERE command_id = ANY($1)
            """);
        command.Parameters.AddWithValue(ids.ToArray());
        var answers = new Dictionary<Guid, Answer>(ids.Count);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            answers[rows.GetGuid(0)] = new Answer(rows.GetGuid(0), rows.GetString(1), await rows.IsDBNullAsync(2, cancellation) ? null : rows.GetString(2))
            {
                Waits = await rows.IsDBNullAsync(3, cancellation) ? null : new Waiting(rows.GetString(3), rows.GetInt64(4), rows.GetDateTime(5)),
            };
        }
        return answers;
    }
}
