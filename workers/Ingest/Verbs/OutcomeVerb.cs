using System.CommandLine;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest outcome ID</c>: what became of one command.</summary>
static class OutcomeVerb
{
    const string Query = """
        SELECT c.kind, c.outcome, c.reason, c.bet_id, c.user_id, c.event_id, c.issued_at, c.applied_at, p.waits_for, p.waits_id, p.deadline,
            (SELECT count(*) FROM command_conflicts x WHERE x.command_id = c.command_id) AS conflicts
        FROM (SELECT * FROM commands WHERE command_id = $1 UNION ALL SELECT * FROM commands_archive WHERE command_id = $1) c
        LEFT JOIN parked_commands p USING (command_id)
        """;

    static readonly string[] Names =
    [
        "kind",
        "outcome",
        "reason",
        "bet",
        "user",
        "event",
        "issued",
        "applied",
        "waits for",
        "of id",
        "until",
        "conflicts",
    ];

    public static WorkerCommandLine WithOutcome(this WorkerCommandLine line)
    {
        var id = new Argument<Guid>("ID") { Description = "The command's id" };
        var command = new Command(
            "outcome",
            "Tells what became of a command, from the journal, else from the dead letters of the "
                + "brokers in the settings. Exit code 3 where it is in neither, 2 where a door of Ingest:Doors has no broker in the "
                + "settings."
        )
        {
            id,
        };
        return line.WithVerb(
            command,
            builder =>
            {
                builder.Services.AddPostgres("ingest outcome", PostgresSessions.GiveUpLocks);
                BrokerSettings.Bind(builder);
            },
            async (parsed, services, cancellation) =>
                await PrintAsync(parsed.GetValue(id), services.GetRequiredService<PostgresSource>(), cancellation)
                    ? 0
                    : await DeadLetterLookUp.PrintAsync(parsed.GetValue(id), services, cancellation)
        );
    }

    // False where the journal does not have it.
    static async Task<bool> PrintAsync(Guid id, PostgresSource postgres, CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(Query, cancellation);
        command.Parameters.AddWithValue(id);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        if (!await rows.ReadAsync(cancellation))
        {
            return false;
        }
        for (var column = 0; column < Names.Length; column++)
        {
            if (!await rows.IsDBNullAsync(column, cancellation))
            {
                var value = rows.GetValue(column);
                Console.WriteLine($"{Names[column], -10} {(value is DateTime moment ? CommandTime.ToText(moment) : value)}");
            }
        }
        return true;
    }
}
