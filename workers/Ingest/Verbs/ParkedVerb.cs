using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest parked list</c>: the commands that wait, for what, since when and how long.</summary>
static class ParkedVerb
{
    const string Query = """
        SELECT p.command_id, c.kind, p.waits_for, p.waits_id, p.issued_at, p.parked_at, p.deadline, p.command
        FROM parked_commands p JOIN commands c USING (command_id)
        WHERE ($1::text IS NULL OR p.waits_for = $1) AND ($2::bigint IS NULL OR p.waits_id = $2)
        ORDER BY p.parked_at, p.command_id LIMIT $3
        """;

    public static WorkerCommandLine WithParked(this WorkerCommandLine line)
    {
        var waitsFor = new Option<string?>("--waits-for") { Description = "Only commands that wait for a user, an event or a bet" }.AcceptOnlyFromAmong("user", "event", "bet");
        var ofId = new Option<long?>("--of-id") { Description = "Only commands that wait for what has this id" };
        var limit = new Option<int>("--limit") { Description = "Commands at most; the oldest come first", DefaultValueFactory = _ => 1000 };
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var list = new Command("list", "Lists parked commands, the oldest first.") { waitsFor, ofId, limit, json };
        return line.WithVerb(new Command("parked", "Looks at commands that wait for a user, an event or a bet."), list, builder => builder.Services.AddPostgres("ingest parked"),
            async (parsed, services, cancellation) =>
            {
                await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(Query);
                command.Parameters.Add(new NpgsqlParameter { Value = (object?)parsed.GetValue(waitsFor) ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
                command.Parameters.Add(new NpgsqlParameter { Value = (object?)parsed.GetValue(ofId) ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
                command.Parameters.AddWithValue(parsed.GetValue(limit));
                return await TellAsync(command, parsed.GetValue(json), services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime, cancellation);
            });
    }

    static async Task<int> TellAsync(NpgsqlCommand command, bool json, DateTime now, CancellationToken cancellation)
    {
        try
        {
            var count = 0;
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            for (; await rows.ReadAsync(cancellation); count++)
            {
                Console.WriteLine(json ? Json(rows, now) : Line(rows, now));
            }
            await Console.Error.WriteLineAsync($"{count} commands wait");
            return 0;
        }
        catch (NpgsqlException failure)
        {
            await Console.Error.WriteLineAsync($"Ingest parked: {failure.Message}");
            return 1;
        }
    }

    static string Line(NpgsqlDataReader row, DateTime now) => string.Create(CultureInfo.InvariantCulture,
        $"{row.GetGuid(0)}  {row.GetString(1),-14} waits for {row.GetString(2)} {row.GetInt64(3)} since {Age(row, now):F0} s, until {CommandTime.ToText(row.GetDateTime(6))}");

    static string Json(NpgsqlDataReader row, DateTime now) => JsonSerializer.Serialize(new
    {
        id = row.GetGuid(0),
        kind = row.GetString(1),
        waitsFor = row.GetString(2),
        waitsId = row.GetInt64(3),
        issuedAt = CommandTime.ToText(row.GetDateTime(4)),
        parkedAt = CommandTime.ToText(row.GetDateTime(5)),
        ageSeconds = Math.Round(Age(row, now), 1),
        deadline = CommandTime.ToText(row.GetDateTime(6)),
        command = JsonDocument.Parse(row.GetString(7)).RootElement,
    });

    static double Age(NpgsqlDataReader row, DateTime now) => Math.Max(0, (now - row.GetDateTime(5)).TotalSeconds);
}
