using System.Globalization;
using Betting.CdcSink.ClickHouse;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Rebuild;

/// <summary>
/// The statements of a rebuild. <paramref name="id"/> names its table and its view: nobody else's statements can meet them.
/// </summary>
sealed class RebuildStore(ClickHouseClient client, string id) : IDisposable
{
    public const string Rows = "bets_analytics_rows";
    const string Prefix = Rows + "_rebuild_";

    // Lists of ids are too long for an address.
    readonly ClickHouseClient _bodies = new(new ClickHouseClientSettings(client.Settings) { UseFormDataParameters = true });

    string Table => Prefix + id;

    string Feed => Table + "_feed";

    public async Task<string> EngineAsync(CancellationToken cancellation) =>
        (string?)
            await client.ExecuteScalarAsync(
                $"SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = '{Rows}'",
                cancellationToken: cancellation
            )
        ?? "";

    /// <summary>The server's time, UTC: by it two rebuilds that begin at once know which was first.</summary>
    public async Task<DateTime> NowAsync(CancellationToken cancellation) =>
        (DateTime)await client.ExecuteScalarAsync("SELECT now64(6, 'UTC')", cancellationToken: cancellation);

    /// <summary>
    /// A rebuild that began before this one, or is beyond its own look, was heard of in the last half minute and has not ended; or null.
    /// </summary>
    /// <param name="started">When this one began.</param>
    /// <param name="cancellation">The caller's.</param>
    public async Task<string?> OtherAsync(DateTime started, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("started", started);
        return
            await client.ExecuteScalarAsync(
                $$"""
                SELECT min(id) FROM rebuilds FINAL
                WHERE id != '{{id}}' AND ((started_at, id) < ({started:DateTime64(6, 'UTC')}, '{{id}}') OR stage != 'starting')
                    AND stage NOT IN ('done', 'failed', 'broken') AND heard_at > now64(6) - INTERVAL 30 SECOND
                """,
                parameters,
                cancellationToken: cancellation
            )
                is string { Length: > 0 } other
            ? other
            : null;
    }

    public Task ReportAsync(DateTime started, string stage, long done, long bets, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("started", started);
        parameters.AddParameter("stage", stage);
        parameters.AddParameter("done", done);
        parameters.AddParameter("bets", bets);
        return client.ExecuteNonQueryAsync(
            $"INSERT INTO rebuilds (id, started_at, heard_at, stage, bets_done, bets) SELECT '{id}', {{started:DateTime64(6, "
                + $"'UTC')}}, now64(6), {{stage:String}}, {{done:UInt64}}, {{bets:UInt64}}",
            parameters,
            cancellationToken: cancellation
        );
    }

    /// <summary>Tables and views that killed rebuilds left, and this one's own.</summary>
    public async Task<(List<string> Views, List<string> Tables)> LeftoversAsync(CancellationToken cancellation)
    {
        var names = await NamesAsync(
            $"SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '{Prefix}')",
            cancellation
        );
        return (
            names.Where(name => name.EndsWith("_feed", StringComparison.Ordinal)).ToList(),
            names.Where(name => !name.EndsWith("_feed", StringComparison.Ordinal)).ToList()
        );
    }

    /// <summary>
    /// Tables that rebuilds have left which were cut off while they swapped: one may be the former table, with rows that the one in force
    /// lacks.
    /// </summary>
    public Task<List<string>> CutOffAsync(CancellationToken cancellation) =>
        NamesAsync(
            $"""
            SELECT name FROM system.tables
            WHERE database = currentDatabase() AND name IN (SELECT concat('{Prefix}', id) FROM rebuilds FINAL WHERE stage IN ('swapping',
            'broken'))
            """,
            cancellation
        );

    public Task DropViewAsync(string name, CancellationToken cancellation) => RunAsync($"DROP VIEW IF EXISTS {Name(name)}", cancellation);

    /// <summary>Also where it is larger than the server lets people drop by mistake.</summary>
    public Task DropTableAsync(string name, CancellationToken cancellation) =>
        RunAsync($"DROP TABLE IF EXISTS {Name(name)} SETTINGS max_table_size_to_drop = 0", cancellation);

    /// <summary>An empty table of the same form, and a view through which it gets whatever writers insert from now on.</summary>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        await RunAsync($"CREATE TABLE IF NOT EXISTS {Table} AS {Rows}", cancellation);
        await RunAsync($"CREATE MATERIALIZED VIEW IF NOT EXISTS {Feed} TO {Table} AS SELECT * FROM {Rows}", cancellation);
    }

    /// <summary>When the rule by which rows expire was set, microseconds since 1970; 0: never.</summary>
    public async Task<long> RuleSetAsync(CancellationToken cancellation) =>
        Convert.ToInt64(
            await client.ExecuteScalarAsync(
                $"SELECT toUnixTimestamp64Micro(max(set_at)) FROM row_retention FINAL WHERE of = '{Rows}'",
                cancellationToken: cancellation
            ),
            CultureInfo.InvariantCulture
        );

    /// <summary>Tells readers that what expired under former rules is back, unless the rule was set again since.</summary>
    /// <param name="ruleSet">As <see cref="RuleSetAsync"/> said before the rebuild.</param>
    /// <param name="cancellation">The caller's.</param>
    public Task TellNothingIsGoneAsync(long ruleSet, CancellationToken cancellation) =>
        RunAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                INSERT INTO row_retention (of, months) SELECT of, months FROM row_retention FINAL
                WHERE of = '{Rows}' AND toUnixTimestamp64Micro(set_at) = {ruleSet} AND gone_before > toDateTime64('1900-01-01 00:00:00',
                    6, 'UTC')
                """
            ),
            cancellation
        );

    /// <summary>Inserts that run now, by their query ids.</summary>
    public async Task<HashSet<string>> InsertsAsync(CancellationToken cancellation) =>
        [.. await NamesAsync("SELECT query_id FROM system.processes WHERE query_kind = 'Insert'", cancellation)];

    /// <summary>The months of the rows that are there now, as yyyymm.</summary>
    public async Task<List<int>> MonthsAsync(CancellationToken cancellation) =>
        [
            .. (
                await NamesAsync(
                    $"SELECT DISTINCT partition FROM system.parts WHERE active AND database = currentDatabase() AND table = '{Rows}'",
                    cancellation
                )
            ).Select(month => int.Parse(month, CultureInfo.InvariantCulture)),
        ];

    /// <summary>The month as it is, without copying.</summary>
    public Task TakeMonthAsync(int month, CancellationToken cancellation) =>
        RunAsync(string.Create(CultureInfo.InvariantCulture, $"ALTER TABLE {Table} ATTACH PARTITION {month} FROM {Rows}"), cancellation);

    public async Task<long> CountAsync(DateTime? from, CancellationToken cancellation) =>
        Convert.ToInt64(
            await client.ExecuteScalarAsync(
                $"SELECT uniqExact(id) FROM bet_changes WHERE {Meant(from)}",
                From(from),
                cancellationToken: cancellation
            ),
            CultureInfo.InvariantCulture
        );

    /// <summary>The next bets in the order of their ids.</summary>
    public async Task<List<long>> BetsAsync(long first, DateTime? from, int limit, CancellationToken cancellation)
    {
        var parameters = From(from);
        parameters.AddParameter("first", first);
        parameters.AddParameter("limit", limit);
        var bets = new List<long>(limit);
        await using var rows = await client.ExecuteReaderAsync(
            $"SELECT DISTINCT id FROM bet_changes WHERE id >= {{first:Int64}} AND {Meant(from)} ORDER BY id LIMIT {{limit:UInt32}}",
            parameters,
            cancellationToken: cancellation
        );
        while (await rows.ReadAsync(cancellation))
        {
            bets.Add(rows.GetInt64(0));
        }
        return bets;
    }

    /// <summary>The join of these bets, into the new table.</summary>
    public Task FillAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation) =>
        new JoinInside(_bodies).RunAsync(Table, bets, cancellation);

    /// <summary>
    /// A mark in the parts of the table that readers and writers see, or of this rebuild's: what is inserted later is in parts beyond it.
    /// </summary>
    public async Task<long> MarkAsync(bool live, CancellationToken cancellation) =>
        Convert.ToInt64(
            await client.ExecuteScalarAsync(
                $"SELECT max(max_block_number) FROM system.parts WHERE active AND database = currentDatabase() AND table = "
                    + $"'{(live ? Rows : Table)}'",
                cancellationToken: cancellation
            ),
            CultureInfo.InvariantCulture
        );

    /// <summary>The identity of the table that readers and writers see, or of this rebuild's.</summary>
    public async Task<Guid?> IdentityAsync(bool live, CancellationToken cancellation) =>
        (Guid?)
            await client.ExecuteScalarAsync(
                $"SELECT uuid FROM system.tables WHERE database = currentDatabase() AND name = '{(live ? Rows : Table)}'",
                cancellationToken: cancellation
            );

    /// <summary>
    /// The form of the table that readers and writers see, or of this rebuild's: columns, order, rules and settings. Empty where it is not
    /// there.
    /// </summary>
    public Task<string> FormAsync(bool live, CancellationToken cancellation) => FormAsync(live ? Rows : Table, cancellation);

    /// <summary>The same of any of the tables.</summary>
    public async Task<string> FormAsync(string table, CancellationToken cancellation) =>
        (string?)
            await client.ExecuteScalarAsync(
                $"""
                SELECT replaceRegexpOne(create_table_query, '^CREATE TABLE [^(]*', '') FROM system.tables
                WHERE database = currentDatabase() AND name = '{table}'
                """,
                cancellationToken: cancellation
            )
        ?? "";

    /// <summary>Whether the new table still gets what writers insert.</summary>
    public async Task<bool> IsFedAsync(CancellationToken cancellation) =>
        (await NamesAsync($"SELECT name FROM system.tables WHERE database = currentDatabase() AND name = '{Feed}'", cancellation)).Count
        == 1;

    public Task ExchangeAsync(CancellationToken cancellation) => RunAsync($"EXCHANGE TABLES {Rows} AND {Table}", cancellation);

    /// <summary>
    /// Bets with rows in the parts of this rebuild's table, as it is called now, beyond a mark: some may have missed the one in force.
    /// Parts that a merge has replaced meanwhile count too.
    /// </summary>
    public async Task<List<long>> LateBetsAsync(long mark, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("mark", mark);
        var bets = new List<long>();
        await using var rows = await client.ExecuteReaderAsync(
            $$"""
            SELECT DISTINCT bet_id FROM {{Table}}
            WHERE _part IN (SELECT name FROM system.parts WHERE database = currentDatabase() AND table = '{{Table}}'
            AND max_block_number > {mark:Int64})
            """,
            parameters,
            cancellationToken: cancellation
        );
        while (await rows.ReadAsync(cancellation))
        {
            bets.Add(rows.GetInt64(0));
        }
        return bets;
    }

    public void Dispose() => _bodies.Dispose();

    // A bet has rows in every month that it ever was in.
    static string Meant(DateTime? from) =>
        from is null ? "1" : $"NOT deleted AND {JoinStatement.Shown("placed_at")} >= {{from:DateTime64(6, 'UTC')}}";

    static ClickHouseParameterCollection From(DateTime? from)
    {
        var parameters = new ClickHouseParameterCollection();
        if (from is { } moment)
        {
            parameters.AddParameter("from", moment);
        }
        return parameters;
    }

    async Task<List<string>> NamesAsync(string sql, CancellationToken cancellation)
    {
        var names = new List<string>();
        await using var rows = await client.ExecuteReaderAsync(sql, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            names.Add(rows.GetString(0));
        }
        return names;
    }

    Task<int> RunAsync(string sql, CancellationToken cancellation) => client.ExecuteNonQueryAsync(sql, cancellationToken: cancellation);

    static string Name(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";
}
