using System.Globalization;
using System.Text;
using Betting.Debezium;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary>What PostgreSQL's own join said at a recording's end, against the view, row for row.</summary>
static class Expected
{
    // Both sides in one spelling: microseconds, two places, \N for NULL.
    const string Actual = """
        SELECT toString(bet_id), bet_status, toDecimalString(bet_amount, 2), toString(toUnixTimestamp64Micro(placed_at)), ifNull(toString(toUnixTimestamp64Micro(settled_at)), '\\N'),
            toString(user_id), user_name, ifNull(toString(toUnixTimestamp64Micro(user_created_at)), '\\N'),
            toString(event_id), event_name, event_category, ifNull(toString(toUnixTimestamp64Micro(event_start_time)), '\\N'), event_status
        FROM 
        """;

    /// <summary>\N without quotes; in quotes it is somebody's name.</summary>
    const string Null = "\0";

    static readonly string[] Times = ["placed_at", "settled_at", "user_created_at", "event_start_time"];

    public static async Task AssertEqualsAsync(ClickHouseClient client, string recording, string from = "bets_analytics")
    {
        // This mode has cut the times to milliseconds before anybody could read them.
        var resolution = recording.Contains("naive-connect", StringComparison.Ordinal) ? 1000 : 1;
        var expected = Read(recording[..^".jsonl.gz".Length] + ".expected/bets_analytics.csv", resolution);
        var actual = new List<string>();
        await using var reader = await client.ExecuteReaderAsync(Actual + from);
        while (await reader.ReadAsync())
        {
            actual.Add(string.Join('\u0001', Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)));
        }
        var missing = expected.Except(actual).ToList();
        var extra = actual.Except(expected).ToList();
        Assert.True(missing.Count == 0 && extra.Count == 0 && expected.Count == actual.Count,
            $"{Path.GetFileName(recording)}: {expected.Count} expected, {actual.Count} there; missing {missing.Count}, first {missing.FirstOrDefault()}; extra {extra.Count}, first {extra.FirstOrDefault()}");
    }

    static List<string> Read(string path, long resolution)
    {
        var rows = Parse(File.ReadAllText(path)).ToList();
        var header = rows[0];
        return [.. rows.Skip(1).Select(row => string.Join('\u0001', row.Select((field, at) => Spell(header[at], field, resolution))))];
    }

    /// <summary>A name that is not there is an empty text in ClickHouse; other columns know NULL. Money and NaN as the rules show them.</summary>
    static string Spell(string column, string field, long resolution) =>
        field == Null ? column is "user_name" or "event_name" or "event_category" or "event_status" ? "" : "\\N"
        : Times.Contains(column) ? Micros(field, resolution).ToString(CultureInfo.InvariantCulture)
        : column == "bet_amount" ? field == "NaN" ? "0.00" : field.Replace("$", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)
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
        var exact = (DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) - DateTimeOffset.UnixEpoch).Ticks / 10;
        var (whole, rest) = Math.DivRem(exact, resolution);
        return Math.Clamp((rest < 0 ? whole - 1 : whole) * resolution, PostgresTime.EarliestShown, PostgresTime.LatestShown);
    }

    /// <summary>CSV as PostgreSQL's COPY writes it: quotes where needed, doubled inside; lines may be within quotes.</summary>
    static IEnumerable<List<string>> Parse(string text)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        bool quoted = false, wasQuoted = false;
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
