using System.CommandLine;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary>
/// <c>Ingest parked retry</c>: quarantined commands wait again as any other. The running worker releases those whose wait is over and
/// quarantines again what it still cannot release.
/// </summary>
static class ParkedRetryVerb
{
    const string Retry = """
        UPDATE parked_commands SET quarantined_because = NULL WHERE quarantined_because IS NOT NULL AND ($1::uuid IS NULL
            OR command_id = $1)
        """;

    public static WorkerCommandLine WithParkedRetry(this WorkerCommandLine line, Command parent)
    {
        var id = new Option<Guid?>("--id") { Description = "The command with this id" };
        var all = new Option<bool>("--all") { Description = "Every quarantined command" };
        var retry = new Command("retry", "Lets quarantined commands wait again; needs --id or --all.") { id, all };
        retry.Validators.Add(parsed =>
        {
            if (parsed.IsGiven(id) == parsed.IsOn(all))
            {
                parsed.AddError("either --id or --all");
            }
        });
        return line.WithVerb(
            parent,
            retry,
            builder => builder.Services.AddPostgres("ingest parked", PostgresSessions.GiveUpLocks),
            async (parsed, services, cancellation) =>
            {
                await using var command = await services.GetRequiredService<PostgresSource>().CreateCommandAsync(Retry, cancellation);
                command.Parameters.Add(
                    new NpgsqlParameter
                    {
                        Value = (object?)parsed.GetValue(id) ?? DBNull.Value,
                        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid,
                    }
                );
                var count = await command.ExecuteNonQueryAsync(cancellation);
                await Console.Error.WriteLineAsync($"{count} commands wait again");
                return count > 0 || parsed.GetValue(all) ? ExitCodes.Done : ExitCodes.NotThere;
            }
        );
    }
}
