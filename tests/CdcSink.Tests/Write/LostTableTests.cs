using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.CdcSink.Queries;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>Tables and views that ClickHouse has lost, as <c>CdcSink migrate</c> meets them.</summary>
public sealed partial class LostTableTests(Servers servers)
{
    const string Months = "SELECT sum(bets) FROM summary_by_month",
        Comment = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = ";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("summary_by_month")]
    [InlineData("summary_by_month_refresh")]
    [InlineData("summary_by_month", "summary_by_month_refresh")]
    public async Task A_lost_summary_is_created_again_and_named_and_filled_at_once(params string[] lost)
    {
        await using var sink = await FilledAsync();
        foreach (var name in lost.Reverse())
        {
            await sink.Client.ExecuteNonQueryAsync($"DROP TABLE {name} SYNC");
        }

        var done = await ClickHouseMigrator.MigrateAsync(sink.ConnectionString);

        Assert.Equal(lost, done.CreatedAgain);
        Assert.Equal(["comments.sql"], done.Applied);
        var bets = await sink.QueryAsync("SELECT count() FROM bets_analytics");
        await Deadline.UntilAsync("its rows", Limit, async () => (await sink.QueryAsync(Months)).SequenceEqual(bets));
        Assert.Contains("Not to be queried", (await sink.QueryAsync(Comment + "'summary_by_month_refresh'"))[0], StringComparison.Ordinal);
        Assert.Contains("all months", (await sink.QueryAsync(Comment + "'summary_by_month'"))[0], StringComparison.Ordinal);
        Assert.Equal([], (await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).CreatedAgain);
    }

    [Fact]
    public async Task A_table_that_was_made_again_by_its_first_statement_is_an_error_that_names_its_columns()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE sink_progress SYNC");
        var statements = ClickHouseMigrator.Script(null).Where(statement => OfProgress().IsMatch(statement)).ToList();
        await sink.Client.ExecuteNonQueryAsync(statements[0]);

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));

        Assert.StartsWith("sink_progress lacks the columns ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(SchemaCheck.Runbook, refused.Message, StringComparison.Ordinal);

        // As the runbook says: all statements of it, in their order.
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE sink_progress SYNC");
        foreach (var statement in statements)
        {
            await sink.Client.ExecuteNonQueryAsync(statement);
        }
        Assert.Empty((await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Applied);
    }

    [Fact]
    public async Task A_table_that_lacks_a_column_is_named_also_where_it_is_the_first_of_the_comments()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE user_changes DROP COLUMN originals");

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));

        Assert.StartsWith("user_changes lacks the columns originals", refused.Message, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^(?:\s|--.*\n)*(CREATE (OR REPLACE )?TABLE (IF NOT EXISTS )?|ALTER TABLE )sink_progress\b")]
    private static partial Regex OfProgress();

    [Theory]
    [InlineData("bet_changes")]
    [InlineData("bets_analytics_rows")]
    [InlineData("sink_progress")]
    [InlineData("row_retention")]
    [InlineData("bets_by_user_feed")]
    [InlineData("bets_as_of_unchecked")]
    [InlineData("schema_files")]
    public async Task Anything_else_that_is_lost_is_an_error_that_names_it_and_nothing_is_created(string lost)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync($"DROP TABLE {lost} SYNC");
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_day SYNC");

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));

        Assert.StartsWith($"{lost} is missing. Nothing was created", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(SchemaCheck.Runbook, refused.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["0"],
            await sink.QueryAsync(
                $"SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('{lost}', 'summary_by_day')"
            )
        );
    }

    [Fact]
    public async Task A_lost_table_stops_a_migration_before_a_new_file_is_applied()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE user_changes SYNC");
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE schema_files DELETE WHERE name LIKE '0020%' SETTINGS mutations_sync = 2");

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));

        Assert.StartsWith("user_changes is missing", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_file_that_was_cut_off_had_dropped_is_not_taken_for_lost()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync(
            "ALTER TABLE schema_files DELETE WHERE name LIKE '0017%' OR name LIKE '0018%' SETTINGS mutations_sync = 2"
        );
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_day_refresh SYNC");
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_day SYNC");

        var done = await ClickHouseMigrator.MigrateAsync(sink.ConnectionString);

        Assert.Equal(["0017_wide_summaries.sql", "0018_flat_marks.sql", "comments.sql"], done.Applied);
        Assert.Equal([], done.CreatedAgain);
    }

    [Fact]
    public async Task The_verb_says_what_it_created_again_and_ends_with_one_for_what_it_cannot()
    {
        await using var sink = await FilledAsync();
        await using var stream = await KafkaStream.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_hour SYNC");

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "migrate");
        Assert.Equal(0, code);
        Assert.Contains("lost and created again: summary_by_hour; a refresh fills them", said, StringComparison.Ordinal);

        await sink.Client.ExecuteNonQueryAsync("DROP TABLE fences SYNC");
        (code, said) = await stream.VerbAsync(sink.ConnectionString, "migrate");
        Assert.Equal(1, code);
        Assert.Contains(
            $"CdcSink migrate: fences is missing. Nothing was created in its place: see {SchemaCheck.Runbook}",
            said,
            StringComparison.Ordinal
        );
    }

    async Task<SinkUnderTest> FilledAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records());
        return sink;
    }
}
