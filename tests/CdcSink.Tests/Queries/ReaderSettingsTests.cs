using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using ClickHouse.Driver.ADO;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// Drivers, BI tools and profiles set what they like. Each query of docs/queries, and each view, gives the answer that it gives without.
/// </summary>
public sealed class ReaderSettingsTests(ReaderSettingsTests.Worlds worlds) : IClassFixture<ReaderSettingsTests.Worlds>
{
    const string Moment = "2025-05-05T05:05:05Z",
        Snapshot = "epoch = 1, position = 107374182400, xmax = 5000000000, xip = [4999999990], taken = '" + Moment + "'";

    static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["moment"] = Moment,
        ["user"] = "3",
        ["from"] = "2025-03-01",
        ["to"] = "2025-06-20",
        ["limit"] = "5",
    };

    static readonly string[] Calls =
    [
        $"bets_as_of(moment = '{Moment}')",
        $"bets_as_of_unchecked(moment = '{Moment}')",
        $"bets_as_of_snapshot({Snapshot})",
        $"bets_as_of_snapshot_unchecked({Snapshot})",
        $"instant_of(text = '{Moment}')",
        $"answerable_instant_of(text = '{Moment}')",
        $"answerable_snapshot_of(epoch = 1, position = 107374182400, taken = '{Moment}')",
    ];

    // Of a profile that nobody may change, the last says that it is so.
    public static TheoryData<string> Settings() =>
        [
            "join_use_nulls=1",
            "aggregate_functions_null_for_empty=1",
            "empty_result_for_aggregation_by_empty_set=1",
            "prefer_column_name_to_alias=1",
            "group_by_use_nulls=1",
            "session_timezone=America/New_York",
            "final=1",
            "transform_null_in=1",
            "data_type_default_nullable=1",
            "cast_keep_nullable=1",
            "enable_optimize_predicate_expression=0",
            "union_default_mode=DISTINCT",
            "join_use_nulls=1&aggregate_functions_null_for_empty=1&prefer_column_name_to_alias=1&readonly=1",
        ];

    public static TheoryData<string> QuerySettings() =>
        [
            .. Settings().Select(setting => setting.Data).Where(setting => !setting.Contains('&', StringComparison.Ordinal)),
            "count_distinct_implementation=uniqHLL12",
            "date_time_overflow_behavior=saturate",
            "use_variant_as_common_type=1",
            "readonly=1",
        ];

    [Theory, MemberData(nameof(QuerySettings))]
    public async Task A_query_of_the_docs_answers_the_same(string setting)
    {
        foreach (var name in QueryTests.Files().Select(file => file.Data))
        {
            var text = await File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "docs", "queries", name + ".sql"));
            await SameAsync(worlds.Generated, name, text[..text.IndexOf(';', StringComparison.Ordinal)], setting);
        }
    }

    [Theory, MemberData(nameof(Settings))]
    public async Task A_view_shows_the_same(string setting)
    {
        foreach (var view in await ViewsAsync())
        {
            await SameAsync(worlds.Generated, view, $"SELECT * FROM {view}", setting);
        }
    }

    [Theory]
    [InlineData("aggregate_functions_null_for_empty=1")]
    [InlineData("empty_result_for_aggregation_by_empty_set=1")]
    public async Task A_view_shows_the_same_where_its_aggregates_are_of_no_rows(string setting)
    {
        foreach (var view in await ViewsAsync())
        {
            await SameAsync(worlds.Empty, view, $"SELECT * FROM {view}", setting);
        }
    }

    async Task<List<string>> ViewsAsync()
    {
        const string Names =
            "SELECT name, position(create_table_query, '{') > 0 FROM system.tables WHERE database = currentDatabase() AND engine = 'View'";
        var views = (await worlds.Generated.QueryAsync(Names)).Select(row => row.Split('|')).ToLookup(row => row[1] == "1", row => row[0]);
        Assert.Equal(
            views[true].Order(StringComparer.Ordinal),
            Calls.Select(call => call[..call.IndexOf('(', StringComparison.Ordinal)]).Order(StringComparer.Ordinal)
        );
        return [.. views[false], .. Calls];
    }

    async Task SameAsync(SinkUnderTest sink, string name, string query, string setting)
    {
        if (!worlds.Expected.TryGetValue((sink, query), out var expected))
        {
            worlds.Expected[(sink, query)] = expected = await AnswerAsync(sink, query, "");
        }
        var answer = await AnswerAsync(sink, query, setting);

        Assert.True(expected == answer, $"{name} with {setting}\n{answer}\nwithout\n{expected}");
    }

    /// <returns>The rows, in an order of their own where the query has none; or the code of the error.</returns>
    static async Task<string> AnswerAsync(SinkUnderTest sink, string query, string settings)
    {
        var server = new ClickHouseClientSettings(sink.ConnectionString);
        var address = QueryHelpers.AddQueryString(
            $"http://{server.Host}:{server.Port}/?{settings}",
            Parameters
                .Select(each => KeyValuePair.Create("param_" + each.Key, (string?)each.Value))
                .Append(new("database", server.Database))
                .Append(new("default_format", "TSV"))
        );
        using var http = new HttpClient();
        using var question = new StringContent(query);
        using var answer = await http.PostAsync(address, question);
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode)
        {
            return text[..text.IndexOf('.', StringComparison.Ordinal)];
        }
        return query.Contains("ORDER BY", StringComparison.Ordinal)
            ? text
            : string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));
    }

    /// <summary>A generated history, put through the sink once, and a schema with nothing in it.</summary>
    public sealed class Worlds(Servers servers) : IAsyncLifetime
    {
        public SinkUnderTest Generated { get; private set; } = null!;

        public SinkUnderTest Empty { get; private set; } = null!;

        /// <summary>Answers with no setting, as tests have asked for them.</summary>
        public Dictionary<(SinkUnderTest, string), string> Expected { get; } = [];

        public async ValueTask InitializeAsync()
        {
            (Generated, Empty) = (await SinkUnderTest.CreateAsync(servers), await SinkUnderTest.CreateAsync(servers));
            await Generated.ReplayAsync(new GeneratedWorld(2, 400).Log.Records);
            var version = ChangeVersion.Of(1, streamed: true, 1UL << 40);
            await Generated.QueryAsync($"INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 00:00:00', {version.Value})");
            // What is compared is answered, not refused.
            foreach (var call in Calls)
            {
                Assert.DoesNotContain("Code: ", await AnswerAsync(Generated, $"SELECT * FROM {call}", ""), StringComparison.Ordinal);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Generated.DisposeAsync();
            await Empty.DisposeAsync();
        }
    }
}
