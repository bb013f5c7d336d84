using System.Globalization;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Storage;

/// <summary>What a row costs that comes late to a month of many: how often the month's largest part is written anew.</summary>
public sealed class LateRowTests(Servers servers)
{
    // Some 35 MB: the engine's rule by size adds 5 MB to every part, so it would merge a small month with a few late rows.
    const int Month = 20_000;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    [Fact]
    public async Task A_month_is_merged_by_age_once_a_day_and_not_once_for_each_late_row()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        var engine = (
            await sink.QueryAsync(
                "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'bets_analytics_rows'"
            )
        )[0];

        Assert.Contains("min_age_to_force_merge_seconds = 86400", engine, StringComparison.Ordinal);
        Assert.Contains("min_age_to_force_merge_on_partition_only = 0", engine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_late_row_alone_leaves_its_month_as_it_is_until_it_is_a_day_old()
    {
        await using var sink = await MonthAsync("min_age_to_force_merge_seconds = 86400");
        var before = await LargestAsync(sink);
        await LateAsync(sink, 1);

        // Small parts of another month are merged meanwhile: the engine has looked for what to merge.
        await Deadline.UntilAsync("merges elsewhere", Limit, async () =>
        {
            await sink.QueryAsync(
                """
                INSERT INTO bets_analytics_rows (bet_id, placed_at, version) SELECT rand(), toDateTime64('2024-01-01 00:00:00', 6, 'UTC'), 1
                """
            );
            return await sink.QueryAsync($"SELECT count() > 0 {Parts} AND partition = '202401' AND level > 0") is ["1"] or ["True"];
        });

        Assert.Equal(before, await LargestAsync(sink));
        Assert.Equal(["2"], await sink.QueryAsync($"SELECT count() {Parts} AND partition = '202301'"));
    }

    const string Parts = "FROM system.parts WHERE active AND database = currentDatabase() AND table = 'bets_analytics_rows'";

    async Task<SinkUnderTest> MonthAsync(string settings)
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                INSERT INTO bets_analytics_rows (bet_id, placed_at, user_name, version)
                SELECT number, toDateTime64('2023-01-01 00:00:00', 6, 'UTC') + toIntervalSecond(number), randomPrintableASCII(2000), 1
                    FROM numbers({Month})
                """
            )
        );
        await sink.QueryAsync("OPTIMIZE TABLE bets_analytics_rows FINAL");
        await sink.QueryAsync(
            $"ALTER TABLE bets_analytics_rows MODIFY SETTING {settings}, merge_selecting_sleep_ms = 200, max_merge_selecting_sleep_ms = 400"
        );
        return sink;
    }

    static Task<List<string>> LateAsync(SinkUnderTest sink, int late) =>
        sink.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                INSERT INTO bets_analytics_rows (bet_id, placed_at, version)
                SELECT {late}, toDateTime64('2023-01-01 00:00:00', 6, 'UTC') + toIntervalSecond({late}), 2
                """
            )
        );

    static async Task<string> LargestAsync(SinkUnderTest sink) =>
        (await sink.QueryAsync($"SELECT name {Parts} AND partition = '202301' ORDER BY rows DESC LIMIT 1"))[0];
}
