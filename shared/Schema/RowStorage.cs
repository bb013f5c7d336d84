using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Connections;
using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Where the rows of bets lie and how long they stay: an option of each installation, so no numbered file. Applied as often as one likes;
/// what is not given stays as it is. The changelog is kept whole: a deletion has no time of its own to expire by, and without it
/// the bet would come back.
/// </summary>
/// <param name="Policy">A storage policy of the server's configuration; null leaves it.</param>
/// <param name="Volume">The volume of old rows in it.</param>
/// <param name="ColdAfter">Months after placed_at when rows go to that volume; 0 never.</param>
/// <param name="Keep">Months after placed_at when rows are deleted; 0 never.</param>
public sealed partial record RowStorage(string? Policy, string Volume, int? ColdAfter, int? Keep)
{
    /// <summary>
    /// 36 years. The moment at which a row expires is a DateTime, which ends in 2106; those of bets placed after 2070 count from 2070.
    /// </summary>
    public const int MaxMonths = 36 * 12;

    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Nothing to change.</summary>
    public bool IsEmpty => Policy is null && ColdAfter is null && Keep is null;

    /// <summary>
    /// Reads <c>24mo</c>, <c>7y</c> or <c>never</c>; null where the text is none of these, or more than <see cref="MaxMonths"/>.
    /// </summary>
    public static int? Months(string text) =>
        text == "never" ? 0
        : Age().Match(text) is { Success: true } age
        && int.Parse(age.Groups[1].Value, CultureInfo.InvariantCulture) * (age.Groups[2].Value == "y" ? 12 : 1)
            is <= MaxMonths
                and var months
            ? months
        : null;

    /// <summary>Whether a policy or volume has a name that ClickHouse takes unquoted.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>The statements, in their order, for one server or, with its name, for a cluster.</summary>
    /// <param name="cluster">The cluster's name; null for one server.</param>
    /// <param name="hasRules">Whether the table has any such rule now: one that is not there cannot be removed.</param>
    /// <param name="former">Months after which rows are deleted now, as <c>row_retention</c> has it; 0 never.</param>
    /// <exception cref="SchemaException">A name that is none, or rules of which only one is given.</exception>
    public IEnumerable<string> Statements(string? cluster, bool hasRules, int former = 0)
    {
        if ((Policy is not null && !IsName(Policy)) || !IsName(Volume))
        {
            throw new SchemaException("A storage policy and a volume have names of letters, digits and _.");
        }
        if (ColdAfter is null != Keep is null)
        {
            throw new SchemaException("--cold-after and --keep are one rule: give both, 'never' for what is not wanted.");
        }
        if (ColdAfter > 0 && Keep > 0 && ColdAfter >= Keep)
        {
            throw new SchemaException("--cold-after is less than --keep: rows go to the cold volume before they are deleted.");
        }
        var table = cluster is null
            ? "ALTER TABLE bets_analytics_rows"
            : $"ALTER TABLE bets_analytics_rows_local ON CLUSTER {ClickHouseMigrator.Quoted(cluster)}";
        if (Policy is not null)
        {
            yield return $"{table} MODIFY SETTING storage_policy = '{Policy}'";
        }
        if (ColdAfter is not { } cold || Keep is not { } keep)
        {
            yield break;
        }
        List<string> rules = [];
        if (cold > 0)
        {
            rules.Add($"{After(cold)} TO VOLUME '{Volume}'");
        }
        if (keep > 0)
        {
            rules.Add($"{After(keep)} DELETE");
        }
        var change =
            rules.Count > 0 ? $"{table} MODIFY TTL {string.Join(", ", rules)}"
            : hasRules ? $"{table} REMOVE TTL"
            : null;
        // row_retention is never the longer of the two, not even for a moment: readers leave out what it lets go.
        string?[] statements = IsLonger(former) ? [change, Told(keep)] : [Told(keep), change];
        foreach (var statement in statements.OfType<string>())
        {
            yield return statement;
        }
    }

    /// <summary>True where rows stay for a longer time than under the former rule: what has expired does not come back by itself.</summary>
    /// <param name="former">Months; 0 never deletes.</param>
    public bool IsLonger(int former) => former > 0 && (Keep == 0 || Keep > former);

    // What may have expired under the former rule is taken from what readers were told of it.
    static string Told(int keep) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO row_retention (of, months, gone_before)
            SELECT 'bets_analytics_rows', {keep},
                if(max(months) > 0 AND ({keep} = 0 OR max(months) < {keep}), (SELECT whole_days FROM kept_since),
                    ifNull(maxOrNull(gone_before), toDateTime64('1900-01-01 00:00:00', 6, 'UTC')))
            FROM row_retention FINAL WHERE of = 'bets_analytics_rows'
            """
        );

    /// <summary>Applies them.</summary>
    /// <returns>True where the rule is longer than the former one: see <see cref="IsLonger"/>.</returns>
    public async Task<bool> ApplyAsync(string connectionString, string? cluster, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connectionString));
        var table = cluster is null ? "bets_analytics_rows" : "bets_analytics_rows_local";
        var engine = await EngineAsync(client, table, cancellation) ?? "";
        var former = await ToldAsync(client, cancellation);
        // What has deleted rows is the table's own rule, whatever readers were told.
        if (KeptBy(engine) is > 0 and var kept && (former == 0 || kept < former))
        {
            await client.ExecuteNonQueryAsync(TellShorter(kept), cancellationToken: cancellation);
            former = kept;
        }
        foreach (var statement in Statements(cluster, HasRules().IsMatch(engine), former))
        {
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
        }
        return IsLonger(former);
    }

    /// <summary>
    /// Compares the table's rule with <c>row_retention</c>, from which readers know what was deleted: a table that was made again has no
    /// rule.
    /// </summary>
    /// <returns>
    /// What differs and how it is corrected; null where nothing does, or where the rule is one that somebody made by hand.
    /// </returns>
    public static async Task<string?> WhatDiffersAsync(string connectionString, string? cluster, CancellationToken cancellation)
    {
        // The replicas of a cluster take a new rule from its log, a moment later.
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var differs = await DifferenceAsync(connectionString, cluster, cancellation);
            if (differs is null || cluster is null || TimeProvider.System.GetElapsedTime(since) >= Timeout)
            {
                return differs;
            }
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation);
        }
    }

    /// <summary>True where the rows of one server stay exactly as long as <c>row_retention</c> tells readers.</summary>
    public static async Task<bool> IsToldAsync(string connectionString, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connectionString));
        return KeptBy(await EngineAsync(client, "bets_analytics_rows", cancellation) ?? "") == await ToldAsync(client, cancellation);
    }

    static async Task<string?> DifferenceAsync(string connectionString, string? cluster, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connectionString));
        var table = cluster is null ? "bets_analytics_rows" : "bets_analytics_rows_local";
        var told = await ToldAsync(client, cancellation);
        var engine = await EngineAsync(client, table, cancellation);
        if (engine is null || KeptBy(engine) is not { } kept)
        {
            return null;
        }
        return kept == told
            ? null
            : $"{table} {Words(kept)}, and row_retention says that it {Words(told)}: run CdcSink migrate with --cold-after and --keep "
                + $"as they should be";

        static string Words(int months) => months == 0 ? "keeps rows for ever" : $"deletes rows after {months} months";
    }

    // Months after which this table deletes rows; 0 never, null by a rule that somebody made by hand.
    static int? KeptBy(string engine) =>
        ByHand().IsMatch(engine) ? null
        : Deletion().Match(engine) is { Success: true } rule ? int.Parse(rule.Groups[1].Value, CultureInfo.InvariantCulture)
        : 0;

    // Null where the table is not there.
    static async Task<string?> EngineAsync(ClickHouseClient client, string table, CancellationToken cancellation) =>
        await client.ExecuteScalarAsync(
            $"SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '{table}'",
            cancellationToken: cancellation
        ) as string;

    static string TellShorter(int months) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO row_retention (of, months, gone_before)
            SELECT 'bets_analytics_rows', {months}, ifNull(maxOrNull(gone_before), toDateTime64('1900-01-01 00:00:00', 6, 'UTC'))
            FROM row_retention FINAL WHERE of = 'bets_analytics_rows'
            """
        );

    static async Task<int> ToldAsync(ClickHouseClient client, CancellationToken cancellation) =>
        Convert.ToInt32(
            await client.ExecuteScalarAsync(
                "SELECT max(months) FROM row_retention FINAL WHERE of = 'bets_analytics_rows'",
                cancellationToken: cancellation
            ),
            CultureInfo.InvariantCulture
        );

    // DateTime ends in 2106 and would wrap around: a bet placed in 2250 is no old one.
    static string After(int months) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"toDateTime(least(greatest(placed_at, toDateTime64('1970-01-01 00:00:00', 6, 'UTC')), toDateTime64('2070-01-01 00:00:00', 6, "
                + $"'UTC'))) + INTERVAL {months} MONTH"
        );

    [GeneratedRegex("^([1-9][0-9]{0,2})(mo|y)$")]
    private static partial Regex Age();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,63}$")]
    private static partial Regex Name();

    // What this class never writes.
    [GeneratedRegex(@"\bTTL\b.*(toInterval(?!Month\()|\bRECOMPRESS\b|\bGROUP BY\b|\bWHERE\b)")]
    private static partial Regex ByHand();

    // The rule of a volume has its name behind it.
    [GeneratedRegex(@"\bTTL\b.*?toIntervalMonth\((\d+)\)(?!\)*\s+TO\s)")]
    private static partial Regex Deletion();

    [GeneratedRegex(@"\bTTL\b")]
    private static partial Regex HasRules();
}
