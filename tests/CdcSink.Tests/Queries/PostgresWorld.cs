using System.Globalization;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Npgsql;
using NpgsqlTypes;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>A generated history in PostgreSQL, and the questions of docs/queries in its SQL: the files of the folder Postgres.</summary>
sealed class PostgresWorld : IAsyncDisposable
{
    static readonly Dictionary<string, string[]> Columns = new(StringComparer.Ordinal)
    {
        ["user_history"] = ["committed_at", "id", "deleted", "name", "created_at"],
        ["event_history"] = ["committed_at", "id", "deleted", "name", "category", "start_time", "status"],
        ["bet_history"] = ["committed_at", "id", "deleted", "user_id", "event_id", "status", "amount", "payout", "placed_at", "settled_at"],
    };

    readonly NpgsqlDataSource _postgres;

    PostgresWorld(NpgsqlDataSource postgres) => _postgres = postgres;

    public static async Task<PostgresWorld> CreateAsync(Servers servers, GeneratedLog log)
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        var connection = new NpgsqlConnectionStringBuilder(database) { Timezone = "UTC" };
        var world = new PostgresWorld(NpgsqlDataSource.Create(connection.ConnectionString));
        await using (var schema = world._postgres.CreateCommand(await TextAsync("world")))
        {
            await schema.ExecuteNonQueryAsync();
        }
        foreach (var table in log.History.GroupBy(row => row.Table, row => row.Row))
        {
            await world.CopyAsync(table.Key, table);
        }
        return world;
    }

    /// <summary>From now on the questions are about what has not expired.</summary>
    /// <param name="days">Beginning of the first day of which nothing has expired, UTC.</param>
    /// <param name="months">Beginning of the first such month.</param>
    public async Task KeepSinceAsync(string days, string months)
    {
        await using var command = _postgres.CreateCommand($"UPDATE kept SET whole_days = '{days}Z', whole_months = '{months}Z'");
        await command.ExecuteNonQueryAsync();
    }

    /// <returns>A line a row, as the documented answers are written.</returns>
    public async Task<List<string>> AskAsync(string name, Dictionary<string, string> parameters)
    {
        var sql = await TextAsync(name);
        await using var connection = await _postgres.OpenConnectionAsync();
        await using var question = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        foreach (var (parameter, value) in parameters.Where(each => sql.Contains('@' + each.Key, StringComparison.Ordinal)))
        {
            question.Parameters.Add(new NpgsqlParameter(parameter, NpgsqlDbType.Unknown) { Value = value });
        }
        await using var reader = await question.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            var values = Enumerable.Range(0, reader.FieldCount).Select(at => reader.IsDBNull(at) ? "\\N" : reader.GetString(at));
            rows.Add(string.Join(" | ", values));
        }
        return rows;
    }

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();

    async Task CopyAsync(string table, IEnumerable<object?[]> rows)
    {
        await using var connection = await _postgres.OpenConnectionAsync();
        await using var writer = await connection.BeginTextImportAsync(
            $"COPY {table} ({string.Join(", ", Columns[table])}) FROM STDIN (FORMAT csv, NULL '\\N')"
        );
        foreach (var row in rows)
        {
            await writer.WriteLineAsync(string.Join(',', Columns[table].Select((_, at) => Text(row.ElementAtOrDefault(at)))));
        }
    }

    static string Text(object? value) =>
        value switch
        {
            null => "\\N",
            DateTime time => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    static Task<string> TextAsync(string name) =>
        File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "tests", "CdcSink.Tests", "Queries", "Postgres", name + ".sql"));
}
