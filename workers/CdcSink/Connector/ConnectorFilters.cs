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
    [
        .. Columns.SelectMany(table => table.Value.Select(column => $"{Schema}.{table.Key}.{column}")),
    ];
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

    const string Salt = ".salt.";

    /// <summary>One for each setting that leaves out or changes what the sink needs.</summary>
    public static IEnumerable<ConnectorFinding> Judge(IReadOnlyDictionary<string, string> config)
    {
        foreach (var (setting, needed, consequence) in Includes)
        {
            if (Judge(config, setting, needed, IsLeftOut, "leaves out", consequence) is { } found)
            {
                yield return found;
            }
        }
        var changing = config
            .Keys.Where(key => Changing.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(key => (key, NeededColumns, "its values are not PostgreSQL's"));
        foreach (var (setting, needed, consequence) in Excludes.Concat(changing))
        {
            if (Judge(config, setting, needed, (list, name) => list.Match(name), "names", consequence) is { } found)
            {
                yield return found;
            }
        }
    }

    // An empty list is none.
    static bool? IsLeftOut(NamePatterns list, string name) => list.IsEmpty ? false : !list.Match(name);

    static ConnectorFinding? Judge(
        IReadOnlyDictionary<string, string> config,
        string setting,
        string[] needed,
        Func<NamePatterns, string, bool?> isHit,
        string verb,
        string consequence
    )
    {
        if (!config.TryGetValue(setting, out var value))
        {
            return null;
        }
        var shown = Shown(setting);
        if (Placeholders.AreIn(value))
        {
            return ConnectorFinding.Placeholder(shown);
        }
        var list = new NamePatterns(value);
        var hits = Array.ConvertAll(needed, name => isHit(list, name));
        if (Array.IndexOf(hits, true) is var hit and >= 0)
        {
            return new ConnectorFinding($"{shown} {verb} {needed[hit]}: {consequence}");
        }
        return Array.IndexOf(hits, null) < 0
            ? null
            : new ConnectorFinding($"{shown} has a regular expression that only Java reads, or that takes too long", IsJudged: false);
    }

    // The salt is a secret: who has it finds names by their hashes.
    static string Shown(string setting) =>
        setting.IndexOf(Salt, StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? setting[..(at + Salt.Length)] + "…" : setting;
}
