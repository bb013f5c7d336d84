using System.Globalization;
using System.Text;
using Betting.Debezium;
using ClickHouse.Driver;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary>What PostgreSQL's own join said at a recording's end, against the view, row for row.</summary>
static class Expected
{
    // Both sides in one spelling: microseconds, two places, \N for NULL.
    const string Actual = """
        SELECT toString(bet_id), bet_status, toDecimalString(bet_amount, 2), toString(toUnixTimestamp64Micro(placed_at)),
            ifNull(toString(toUnixTimestamp64Micro(settled_at)), '\\N'),
            toString(user_id), user_name, ifNull(toString(toUnixTimestamp64Micro(user_created_at)), '\\N'),
            toString(event_id), event_name, event_category, ifNull(toString(toUnixTimestamp64Micro(event_start_time)), '\\N'), event_status
        """;

    // The same columns, and the payout, which the recordings' files do not have.
    const string Live = """
        SELECT b.id AS bet_id, b.status AS bet_status, b.amount AS bet_amount, b.placed_at, b.settled_at, b.user_id, u.name AS user_name,
        u.created_at AS user_created_at,
            b.event_id, e.name AS event_name, e.category AS event_category, e.start_time AS event_start_time, e.status AS event_status,
            b.payout
        FROM bets b LEFT JOIN users u ON u.id = b.user_id LEFT JOIN events e ON e.id = b.event_id
        """;

    /// <summary>\N without quotes; in quotes it is somebody's name.</summary>
    const string Null = "\0";

    static readonly string[] Times = ["placed_at", "settled_at", "user_created_at", "event_start_time"];

    public static async Task AssertEqualsAsync(ClickHouseClient client, string recording, string from = "bets_analytics")
    {
        // This mode has cut the times to milliseconds before anybody could read them.
        var resolution = recording.Contains("naive-connect", StringComparison.Ordinal) ? 1000 : 1;
        var expected = Read(await File.ReadAllTextAsync(recording[..^".jsonl.gz".Length] + ".expected/bets_analytics.csv"), resolution);
        await AssertSameAsync(Path.GetFileName(recording), expected, client, $"{Actual} FROM {from}");
    }

    /// <summary>PostgreSQL as it is now.</summary>
    /// <returns>How many rows there are.</returns>
    public static async Task<int> AssertEqualsAsync(ClickHouseClient client, NpgsqlDataSource postgres)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        using var export = await connection.BeginTextExportAsync($"COPY ({Live}) TO STDOUT (FORMAT csv, HEADER, NULL '\\N')");
        var expected = Read(await export.ReadToEndAsync(), resolution: 1);
        await AssertSameAsync("PostgreSQL", expected, client, $"{Actual}, ifNull(toDecimalString(payout, 2), '\\\\N') FROM bets_analytics");
        return expected.Count;
    }

    static async Task AssertSameAsync(string source, List<string> expected, ClickHouseClient client, string query)
    {
        var actual = new List<string>();
        await using var reader = await client.ExecuteReaderAsync(query);
        while (await reader.ReadAsync())
        {
            actual.Add(string.Join('\u0001', Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)));
        }
        var missing = expected.Except(actual).ToList();
        var extra = actual.Except(expected).ToList();
        Assert.True(
            missing.Count == 0 && extra.Count == 0 && expected.Count == actual.Count,
            $"{source}: {expected.Count} expected, {actual.Count} there; missing {missing.Count}, first {missing.FirstOrDefault()}; "
                + $"extra {extra.Count}, first {extra.FirstOrDefault()}"
        );
    }

    static List<string> Read(string csv, long resolution)
    {
        var rows = Parse(csv).ToList();
        var header = rows[0];
        return [.. rows.Skip(1).Select(row => string.Join('\u0001', row.Select((field, at) => Spell(header[at], field, resolution))))];
    }

    /// <summary>
    /// A name that is not there is an empty text in ClickHouse; other columns know NULL. Money and NaN as the rules show them.
    /// </summary>
    static string Spell(string column, string field, long resolution) =>
        field == Null
            ? column is "user_name" or "event_name" or "event_category" or "event_status"
                ? ""
                : "\\N"
            : Times.Contains(column)
                ? Micros(field, resolution).ToString(CultureInfo.InvariantCulture)
                : column == "bet_amount"
                    ? field == "NaN"
                        ? "0.00"
                        : field.Replace("$", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)
                    : field;

    /// <summary>PostgreSQL's text of a time, as near as the tables can show it.</summary>
    static long Micros(string time, long resolution)
    {
        if (time.EndsWith("infinity", StringComparison.Ordinal))
        {
            return time[0] == '-' ? PostgresTime.EarliestShown : PostgresTime.LatestShown;
        }
        if (time.EndsWith(" BC", StringComparison.Ordinal) || time.IndexOf('-', StringComparison.Ordinal) > 4)
        {
            return time.EndsWith(" BC", StringComparison.Ordinal) ? PostgresTime.EarliestShown : PostgresTime.LatestShown;
        }
        var exact =
            (DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) - DateTimeOffset.UnixEpoch).Ticks
            / 10;
        var (whole, rest) = Math.DivRem(exact, resolution);
        return Math.Clamp((rest < 0 ? whole - 1 : whole) * resolution, PostgresTime.EarliestShown, PostgresTime.LatestShown);
    }

    /// <summary>CSV as PostgreSQL's COPY writes it: quotes where needed, doubled inside; lines may be within quotes.</summary>
    static IEnumerable<List<string>> Parse(string text)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        bool quoted = false,
            wasQuoted = false;
        for (var at = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '"' when quoted && at + 1 < text.Length && text[at + 1] == '"':
                    field.Append('"');
                    at++;
                    break;
                case '"':
                    quoted = !quoted;
                    wasQuoted = true;
                    break;
                case ',' or '\n' when !quoted:
                    row.Add(!wasQuoted && field.ToString() == "\\N" ? Null : field.ToString());
                    field.Clear();
                    wasQuoted = false;
                    if (text[at] == '\n')
                    {
                        yield return row;
                        row = [];
                    }
                    break;
                default:
                    field.Append(text[at]);
                    break;
            }
        }
    }
}
