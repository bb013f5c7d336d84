using System.Text.RegularExpressions;
using Betting.Contracts;

namespace Betting.CdcSink.Connector;

/// <summary>
/// The connector's settings that leave out tables, columns, rows of a snapshot or logical messages, or that change values. Pure.
/// </summary>
static class ConnectorFilters
{
    const string Schema = "public";

    static readonly Dictionary<string, string[]> Columns = new()
    {
        ["users"] = ["id", "name", "created_at"],
        ["events"] = ["id", "name", "category", "start_time", "status"],
        ["bets"] = ["id", "user_id", "event_id", "status", "amount", "payout", "placed_at", "settled_at"],
    };

    static readonly string[] NeededTables = [.. Columns.Keys.Select(table => $"{Schema}.{table}")];
    static readonly string[] NeededColumns =
        [.. Columns.SelectMany(table => table.Value.Select(column => $"{Schema}.{table.Key}.{column}"))];
    static readonly string[] NeededMessages = [Topics.WatermarkPrefix, Topics.FencePrefix];

    static readonly (string Setting, string[] Needed, string Consequence)[] Includes =
    [
        ("schema.include.list", [Schema], "its changes are not sent"),
        ("table.include.list", NeededTables, "its changes are not sent"),
        ("column.include.list", NeededColumns, "its values are not sent"),
        ("message.prefix.include.list", NeededMessages, "these messages are not sent, and data_as_of and reconciliations wait for them"),
        ("snapshot.include.collection.list", NeededTables, "a snapshot does not read it"),
    ];

    static readonly (string Setting, string[] Needed, string Consequence)[] Excludes =
    [
        ("schema.exclude.list", [Schema], "its changes are not sent"),
        ("table.exclude.list", NeededTables, "its changes are not sent"),
        ("column.exclude.list", NeededColumns, "its values are not sent"),
        ("message.prefix.exclude.list", NeededMessages, "these messages are not sent, and data_as_of and reconciliations wait for them"),
        ("snapshot.select.statement.overrides", NeededTables, "a snapshot reads only the rows of the statement, or other values"),
    ];

    // Their names go on with lengths, algorithms and salts.
    static readonly string[] Changing = ["column.mask.", "column.truncate."];

    /// <summary>One line for each setting that leaves out or changes what the sink needs.</summary>
    public static IEnumerable<string> WhatIsBroken(IReadOnlyDictionary<string, string> config)
    {
        foreach (var (setting, needed, consequence) in Includes)
        {
            if (LineOf(config, setting, list => LeftOut(list, needed), "leaves out", consequence) is { } line)
            {
                yield return line;
            }
        }
        var changing = config.Keys.Where(key => Changing.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(key => (key, NeededColumns, "its values are not PostgreSQL's"));
        foreach (var (setting, needed, consequence) in Excludes.Concat(changing))
        {
            if (LineOf(config, setting, list => needed.FirstOrDefault(list.Match), "names", consequence) is { } line)
            {
                yield return line;
            }
        }
    }

    // An empty list is none.
    static string? LeftOut(NamePatterns list, string[] needed) => list.IsEmpty ? null : needed.FirstOrDefault(name => !list.Match(name));

    static string? LineOf(
        IReadOnlyDictionary<string, string> config, string setting, Func<NamePatterns, string?> find, string verb, string consequence)
    {
        if (!config.TryGetValue(setting, out var value))
        {
            return null;
        }
        try
        {
            return find(new NamePatterns(value)) is { } name ? $"{setting} {verb} {name}: {consequence}" : null;
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or RegexMatchTimeoutException)
        {
            return $"{setting} cannot be judged: it has a regular expression that is none here";
        }
    }
}
