using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary>
/// <c>Ingest parked list</c>: the commands that wait, for what, since when and how long; those that cannot be released say why.
/// </summary>
static class ParkedVerb
{
    const string Query = """
        WITH meant AS NOT MATERIALIZED (
            SELECT * FROM parked_commands
            WHERE ($1::text IS NULL OR waits_for = $1) AND ($2::bigint IS NULL OR waits_id = $2)
                AND (NOT $4 OR quarantined_because IS NOT NULL))
        SELECT p.command_id, coalesce(c.kind, '?'), coalesce(p.waits_for, '?'), coalesce(p.waits_id, 0), coalesce(p.issued_at, now()),
            coalesce(p.parked_at, now()),
            coalesce(p.deadline, now()), coalesce(p.command, ''), p.quarantined_because, now(), (SELECT count(*) FROM meant)
        FROM meant p LEFT JOIN commands c USING (command_id)
        ORDER BY p.parked_at, p.command_id LIMIT $3
        """;

    public static WorkerCommandLine WithParked(this WorkerCommandLine line)
    {
        var waitsFor = new Option<string?>("--waits-for")
        {
            Description = "Only commands that wait for a user, an event or a bet",
        }.AcceptOnlyFromAmong("user", "event", "bet");
        var ofId = new Option<long?>("--of-id") { Description = "Only commands that wait for what has this id" };
        var limit = new Option<int>("--limit")
        {
            Description = "Commands at most; the oldest come first",
            DefaultValueFactory = _ => 1000,
        }.InRange(1, int.MaxValue);
        var quarantined = new Option<bool>("--quarantined") { Description = "Only commands that cannot be released, each with the reason" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var list = new Command("list", "Lists parked commands, the oldest first.") { waitsFor, ofId, quarantined, limit, json };
        var parent = new Command("parked", "Looks at commands that wait for a user, an event or a bet.");
        return line.WithParkedRetry(parent)
            .WithVerb(
                parent,
                list,
                builder => builder.Services.AddPostgres("ingest parked", PostgresSessions.GiveUpLocks),
                async (parsed, services, cancellation) =>
                {
                    await using var command = await services.GetRequiredService<PostgresSource>().CreateCommandAsync(Query, cancellation);
                    command.Parameters.Add(
                        new NpgsqlParameter
                        {
                            Value = (object?)parsed.GetValue(waitsFor) ?? DBNull.Value,
                            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text,
                        }
                    );
                    command.Parameters.Add(
                        new NpgsqlParameter
                        {
                            Value = (object?)parsed.GetValue(ofId) ?? DBNull.Value,
                            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint,
                        }
                    );
                    command.Parameters.AddWithValue(parsed.GetValue(limit));
                    command.Parameters.AddWithValue(parsed.GetValue(quarantined));
                    return await PrintAsync(command, parsed.GetValue(json), cancellation);
                }
            );
    }

    static async Task<int> PrintAsync(NpgsqlCommand command, bool json, CancellationToken cancellation)
    {
        var (count, all) = (0L, 0L);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        for (; await rows.ReadAsync(cancellation); count++)
        {
            Console.WriteLine(json ? Json(rows) : Line(rows));
            all = rows.GetInt64(10);
        }
        await Console.Error.WriteLineAsync(
            count == all ? $"{all} commands wait" : $"{all} commands wait; the {count} oldest are listed, --limit N lists more"
        );
        return ExitCodes.Done;
    }

    static string Line(NpgsqlDataReader row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{row.GetGuid(0)}  {row.GetString(1), -14} waits for {row.GetString(2)} {row.GetInt64(3)} since {Age(row):F0} s, until "
                + $"{CommandTime.ToText(row.GetDateTime(6))}"
                + $"{(row.IsDBNull(8) ? "" : $"; quarantined: {row.GetString(8)}; {row.GetString(7)}")}"
        );

    static string Json(NpgsqlDataReader row) =>
        JsonSerializer.Serialize(
            new
            {
                id = row.GetGuid(0),
                kind = row.GetString(1),
                waitsFor = row.GetString(2),
                waitsId = row.GetInt64(3),
                issuedAt = CommandTime.ToText(row.GetDateTime(4)),
                parkedAt = CommandTime.ToText(row.GetDateTime(5)),
                ageSeconds = Math.Round(Age(row), 1),
                deadline = CommandTime.ToText(row.GetDateTime(6)),
                command = Command(row.GetString(7)),
                quarantinedBecause = row.IsDBNull(8) ? null : row.GetString(8),
            }
        );

    // A quarantined row may hold anything.
    static object Command(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    static double Age(NpgsqlDataReader row) => Math.Max(0, (row.GetDateTime(9) - row.GetDateTime(5)).TotalSeconds);
}
