using System.Globalization;
using System.Text;
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
        var expected = Read(recording[..^".jsonl.gz".Length] + ".expected/bets_analytics.csv");
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

    static List<string> Read(string path)
    {
        var rows = Parse(File.ReadAllText(path)).ToList();
        var header = rows[0];
        return [.. rows.Skip(1).Select(row => string.Join('\u0001', row.Select((field, at) => Spell(header[at], field))))];
    }

    /// <summary>A name that is not there is an empty text in ClickHouse; other columns know NULL.</summary>
    static string Spell(string column, string field) =>
        field == Null ? column is "user_name" or "event_name" or "event_category" or "event_status" ? "" : "\\N"
        : Times.Contains(column) ? ((DateTimeOffset.Parse(field, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / 10).ToString(CultureInfo.InvariantCulture)
        : field;

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
