using System.Globalization;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// What the sorting key does not find, in a table of many granules, half of whose bets have a newer row in a part of its own.
/// </summary>
public sealed class IndexTests(IndexTests.World world) : IClassFixture<IndexTests.World>
{
    const int Bets = 100_000,
        Granules = Bets / 8_192 + 1;

    [Theory]
    [InlineData("bet_ids", "bet_id = 77777")]
    [InlineData("user_ids", "user_id = 77777")]
    [InlineData("event_ids", "event_id = 7777")]
    [InlineData("settled", "settled_at = '2026-03-01 10:00:00'")]
    [InlineData("started", "event_start_time = '2026-03-01 10:00:00'")]
    public async Task A_question_to_the_view_reads_the_granules_that_its_index_names(string index, string where)
    {
        var plan = await world.Sink.QueryAsync(
            $"EXPLAIN indexes = 1 SELECT * FROM bets_analytics WHERE {where} SETTINGS use_skip_indexes_on_data_read = 0"
        );

        Assert.InRange(GranulesBy(index, plan), 1, Granules / 2);
    }

    [Fact]
    public async Task The_past_is_read_by_its_own_index()
    {
        var plan = await world.Sink.QueryAsync(
            "EXPLAIN indexes = 1 SELECT count() FROM bets_as_of(moment = '2026-02-20T03:00:00Z') SETTINGS use_skip_indexes_on_data_read = 0"
        );

        // The changelog's granules are of 1,024 rows, and three hours of seconds are a tenth of them.
        Assert.InRange(GranulesBy("committed", plan), 1, Bets / 1_024 / 2);
    }

    [Theory]
    [InlineData("bet_id = 77776", 1, 1)]
    [InlineData("user_id = 77776", 1, 1)]
    [InlineData("settled_at = '2026-03-01 10:00:00'", 1, 0)]
    [InlineData("settled_at >= '2026-03-02'", 0, Bets / 2)]
    public async Task A_row_that_a_newer_one_outranks_is_not_found_by_an_index_whatever_the_profile_says(
        string where,
        int before,
        int after
    )
    {
        var stale = await world.Sink.QueryAsync($"SELECT count() FROM bets_analytics_rows WHERE {where} AND bet_version = 1");
        var exact = await world.Sink.QueryAsync(
            $"SELECT count() FROM bets_analytics WHERE {where} SETTINGS use_skip_indexes_if_final_exact_mode = 0"
        );

        Assert.Equal([before.ToString(CultureInfo.InvariantCulture)], stale);
        Assert.Equal([after.ToString(CultureInfo.InvariantCulture)], exact);
    }

    /// <returns>How many the index leaves to be read.</returns>
    static int GranulesBy(string index, List<string> plan)
    {
        const string Read = "Granules: ";
        var at = plan.FindIndex(line => line.EndsWith("Name: " + index, StringComparison.Ordinal));
        Assert.True(at >= 0, string.Join('\n', plan));
        var granules = plan.Skip(at).First(line => line.Contains(Read, StringComparison.Ordinal)).Split(Read)[1];
        return int.Parse(granules.Split('/')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Bets settled in the order of their ids, a second apart; those with an even id were settled again, a week later.</summary>
    public sealed class World(Servers servers) : IAsyncLifetime
    {
        internal SinkUnderTest Sink { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Sink = await SinkUnderTest.CreateAsync(servers);
            await Sink.QueryAsync("SYSTEM STOP MERGES bets_analytics_rows");
            await InsertAsync(
                version: 1,
                $"number + 1 AS id FROM numbers({Bets})",
                "toDateTime64('2026-03-01 10:00:00', 6, 'UTC') + toIntervalSecond(id - 77776)"
            );
            await InsertAsync(
                version: 2,
                $"2 * (number + 1) AS id FROM numbers({Bets / 2})",
                "toDateTime64('2026-03-08 10:00:00', 6, 'UTC') + toIntervalSecond(id)"
            );
            await Sink.VisibleUntilAsync("2026-06-01T00:00:00Z");
            await Sink.QueryAsync(
                $"INSERT INTO bet_changes (id, version, committed_at) SELECT number + 1, bitShiftLeft(toUInt64(3), "
                    + $"56) + 1, toDateTime64('2026-02-20 00:00:00', 6, 'UTC') + toIntervalSecond(number) FROM numbers({Bets})"
            );
        }

        async Task InsertAsync(int version, string ids, string settled) =>
            await Sink.QueryAsync(
                $"""
                INSERT INTO bets_analytics_rows (bet_id, bet_status, placed_at, settled_at, user_id, event_id, event_start_time,
                    bet_version,
                version)
                SELECT id, 'SETTLED', toDateTime64('2026-02-20 00:00:00', 6, 'UTC') + toIntervalSecond(id), {settled}, id, intDiv(id, 10),
                    toDateTime64('2026-03-01 10:00:00', 6, 'UTC') + toIntervalSecond(id - 77776), {version},
                    bitShiftLeft(toUInt128({version}), 64)
                FROM (SELECT {ids})
                """
            );

        public ValueTask DisposeAsync() => Sink.DisposeAsync();
    }
}
