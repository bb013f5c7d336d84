using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>What ClickHouse acknowledges is on its disk: offsets are committed after it.</summary>
public sealed class DurableInsertTests(Servers servers)
{
    [Fact]
    public async Task Every_table_that_a_worker_inserts_into_waits_for_the_disk()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        var others = await sink.QueryAsync(
            """
            SELECT name FROM system.tables
            WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND NOT startsWith(name, '.')
              AND NOT (engine_full LIKE '%fsync_after_insert = %1%' AND engine_full LIKE '%fsync_part_directory = %1%')
            ORDER BY name
            """
        );

        // Summaries are made anew as a whole; which migrations have run is seen from the schema too.
        Assert.Equal(["schema_files", "summary_by_day", "summary_by_hour", "summary_by_month"], others);
    }

    [Fact]
    public async Task A_rebuilt_table_waits_for_the_disk_too()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        await sink.QueryAsync("CREATE TABLE another AS bets_analytics_rows");

        Assert.Contains(
            "fsync_after_insert",
            Assert.Single(
                await sink.QueryAsync("SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'another'")
            ),
            StringComparison.Ordinal
        );
    }
}
