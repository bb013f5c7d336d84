using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>The views of the past take an instant, and refuse one at which the state of PostgreSQL is not known.</summary>
public sealed class PastMomentTests(PastMomentTests.World world) : IClassFixture<PastMomentTests.World>
{
    const string Statuses = "arrayStringConcat(arraySort(groupArray(bet_id || ' ' || bet_status || ' ' || toString(payout))), ', ')";

    /// <summary>The known world between the settlement of bet 1 and that of bet 2.</summary>
    const string Between = "1 SETTLED 180";

    [Theory]
    [InlineData("'2025-03-01T20:15:00Z'")]
    [InlineData("'2025-03-01 20:15:00Z'")]
    [InlineData("'2025-03-01T20:15Z'")]
    [InlineData("'2025-03-01T20:15:00.000000Z'")]
    [InlineData("'2025-03-01T21:15:00+01:00'")]
    [InlineData("'2025-03-01T21:15:00+0100'")]
    [InlineData("'2025-03-01T14:45:00.5-05:30'")]
    [InlineData("'2025-03-02T09:15:00+13:00'")]
    [InlineData("toUnixTimestamp64Micro(toDateTime64('2025-03-01 21:15:00', 6, 'Europe/Berlin'))")]
    [InlineData("toUnixTimestamp64Micro(toTimeZone(toDateTime64('2025-03-01 20:15:00', 6, 'UTC'), 'Asia/Tokyo'))")]
    [InlineData("1740860100000000")]
    [InlineData("'1740860100000000'")]
    public async Task An_instant_is_the_same_whatever_zone_it_is_written_in(string moment)
    {
        foreach (var zone in new[] { "UTC", "Asia/Tokyo", "America/New_York" })
        {
            var answer = await world.Sink.QueryAsync(
                $"SELECT {Statuses} FROM bets_as_of(moment = {moment}) WHERE payout IS NOT NULL SETTINGS session_timezone = '{zone}'"
            );

            Assert.Equal([Between], answer);
        }
    }

    [Theory]
    [InlineData("toDateTime64('2025-03-01 21:15:00', 6, 'Europe/Berlin')")]
    [InlineData("toDateTime64('2025-03-01 20:15:00', 6, 'UTC')")]
    [InlineData("toTimeZone(toDateTime64('2025-03-01 20:15:00', 6, 'UTC'), 'Europe/Berlin')")]
    [InlineData("fromUnixTimestamp(1740860100)")]
    [InlineData("fromUnixTimestamp64Micro(1740860100000000)")]
    [InlineData("toDateTime('2025-03-01 20:15:00')")]
    [InlineData("now()")]
    [InlineData("now64(6, 'UTC')")]
    [InlineData("toDate('2025-03-01')")]
    [InlineData("'2025-03-01 20:15:00'")]
    [InlineData("'2025-03-01T20:15:00'")]
    [InlineData("'2025-03-01'")]
    [InlineData("'2025-02-30T20:15:00Z'")]
    [InlineData("'2025-00-10T20:15:00Z'")]
    [InlineData("'2025-02-00T20:15:00Z'")]
    [InlineData("'0000-03-01T20:15:00Z'")]
    [InlineData("'0000-00-00T00:00:00Z'")]
    [InlineData("'2025-03-01T24:15:00Z'")]
    [InlineData("'2025-03-01T20:60:00Z'")]
    [InlineData("'2025-03-01T20:15:60Z'")]
    [InlineData("'2025-03-01T20:15:00+25:00'")]
    [InlineData("'2025-03-01T20:15:00+01:60'")]
    [InlineData("'2025-03-01T20:15:00.1234567Z'")]
    [InlineData("'2025-03-01T20:15:00 Europe/Berlin'")]
    [InlineData("'2025-03-01T20:15:00CET'")]
    [InlineData("'2025-03-01T20:15:00z'")]
    [InlineData("'2025-03-01T20:15:00Z '")]
    [InlineData("1740860100")]
    [InlineData("1740860100000")]
    [InlineData("1740860100.5")]
    [InlineData("'yesterday'")]
    [InlineData("''")]
    [InlineData("NULL")]
    public async Task What_names_no_instant_is_refused(string moment)
    {
        foreach (var zone in new[] { "UTC", "Asia/Tokyo" })
        {
            foreach (
                var view in new[]
                {
                    $"bets_as_of(moment = {moment})",
                    $"bets_as_of_snapshot(epoch = 1, position = 80000, xmax = 760, xip = [], taken = {moment})",
                }
            )
            {
                await RefusedAsync($"SELECT count() FROM {view} SETTINGS session_timezone = '{zone}'", "is no instant");
            }
        }
    }

    [Fact]
    public async Task A_moment_later_than_data_as_of_is_refused_also_where_the_answer_would_be_empty()
    {
        // The known world is visible until the second of April.
        Assert.Equal(["7"], await world.Sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2025-04-02T00:00:00Z')"));
        foreach (var question in new[] { "count()", "*" })
        {
            await RefusedAsync($"SELECT {question} FROM bets_as_of(moment = '2025-04-02T00:00:00.000001Z')", "later than data_as_of");
            await RefusedAsync(
                $"SELECT {question} FROM bets_as_of(moment = '2025-04-02T01:00Z') WHERE user_id = -5",
                "later than data_as_of"
            );
        }

        Assert.Equal(["7"], await world.Sink.QueryAsync("SELECT count() FROM bets_as_of_unchecked(moment = '2025-04-02T01:00:00Z')"));
    }

    [Fact]
    public async Task Before_anything_came_from_a_stream_every_moment_is_refused()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);

        await RefusedAsync("SELECT * FROM bets_as_of(moment = '2025-04-02T00:00:00Z')", "later than data_as_of", sink);
    }

    [Fact]
    public async Task A_moment_before_the_first_snapshot_is_refused_because_it_dates_everything_with_itself()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        // Users were read a second before bets, and in between a bet that the snapshot saw as open was settled.
        await sink.ReplayAsync([
            made.User(1, op: "r", snapshot: "first", committedMs: 1_767_225_600_000),
            made.Bet(1, Made.Columns(), op: "r", snapshot: "last", committedMs: 1_767_225_601_000),
            made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u", committedMs: 1_767_225_600_500),
            made.Bet(1, Made.Columns("\"status\":\"SETTLED\"", "\"payout\":\"5.00\""), op: "u", committedMs: 1_767_225_700_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        string[] moments =
        [
            "2026-01-01T00:00:00.999Z",
            "2025-12-31T23:59:59Z",
            "2025-01-01T00:00:00Z",
            "1970-01-01T00:00:01Z",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1900-01-01T00:00:00Z",
            "1899-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
        ];
        foreach (var unknown in moments)
        {
            await RefusedAsync($"SELECT count() FROM bets_as_of(moment = '{unknown}')", "is not known", sink);
        }
        Assert.Equal(["SETTLED|NULL"], await sink.QueryAsync("SELECT bet_status, payout FROM bets_as_of(moment = '2026-01-01T00:00:01Z')"));
        Assert.Equal(["5.00"], await sink.QueryAsync("SELECT payout FROM bets_as_of(moment = '2026-01-01T00:01:40Z')"));
    }

    /// <summary>
    /// Debezium notes the time of a snapshot, waits for a lock, and reads then. Kafka's time of the first read is as late as what it read.
    /// </summary>
    [Fact]
    public async Task A_moment_between_the_time_of_a_later_snapshot_and_its_first_read_is_refused()
    {
        const long Noon = 1_767_268_800_000;
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1, op: "r", epoch: "1", snapshot: "first", committedMs: Noon - 7_200_000),
            made.Bet(1, Made.Columns(), op: "r", epoch: "1", snapshot: "last", committedMs: Noon - 7_200_000),
            made.Bet(1, Made.Columns(), op: "u", epoch: "1", committedMs: Noon - 3_600_000),
        ]);
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "r", epoch: "1", snapshot: "first", committedMs: Noon) with
            {
                TimestampMs = Noon + 5_000,
            },
            made.Bet(2, Made.Columns(), op: "r", epoch: "1", snapshot: "last", committedMs: Noon) with
            {
                TimestampMs = Noon + 5_100,
            },
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T11:59:59.998Z')"));
        await RefusedAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T12:00:00.001Z')", "is not known", sink);
        await RefusedAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T12:00:05Z')", "is not known", sink);
        Assert.Equal(["2"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T12:00:05.001Z')"));
    }

    [Fact]
    public async Task A_moment_between_two_epochs_is_refused_and_one_while_the_stream_went_on_is_not()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1, epoch: "1", committedMs: 1_767_225_600_000),
            made.Bet(1, Made.Columns(), epoch: "1", committedMs: 1_767_225_600_000),
            made.User(2, epoch: "1", committedMs: 1_767_225_660_000),
            // A snapshot of users alone in the next epoch, an hour later; bets go on in the stream.
            made.User(1, op: "r", epoch: "2", snapshot: "true", committedMs: 1_767_229_200_000),
            made.User(2, op: "r", epoch: "2", snapshot: "true", committedMs: 1_767_229_200_000),
            made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "2", committedMs: 1_767_229_260_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        Assert.Equal(["OPEN"], await sink.QueryAsync("SELECT bet_status FROM bets_as_of(moment = '2026-01-01T00:00:59.999Z')"));
        // Of the last transaction that came, and of others of its millisecond, some changes may be missing.
        await RefusedAsync("SELECT bet_status FROM bets_as_of(moment = '2026-01-01T00:01:00Z')", "is not known", sink);
        await RefusedAsync("SELECT bet_status FROM bets_as_of(moment = '2026-01-01T00:59:59.999Z')", "is not known", sink);
        Assert.Equal(["OPEN"], await sink.QueryAsync("SELECT bet_status FROM bets_as_of(moment = '2026-01-01T01:00:00Z')"));
        Assert.Equal(["SETTLED"], await sink.QueryAsync("SELECT bet_status FROM bets_as_of(moment = '2026-01-01T01:01:00Z')"));
    }

    [Fact]
    public async Task A_table_that_an_incremental_snapshot_read_first_is_known_from_its_last_read_on_and_a_minute_later()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        // A chunk every 10 seconds, beside the stream.
        await sink.ReplayAsync([
            .. Enumerable
                .Range(0, 4)
                .Select(chunk =>
                    made.Bet(chunk + 1, Made.Columns(), op: "r", snapshot: "incremental", committedMs: 1_767_225_600_000 + chunk * 10_000)
                ),
            made.Bet(9, Made.Columns(), committedMs: 1_767_225_600_000 + 15_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        foreach (var unknown in new[] { "2025-12-31T23:59:59Z", "2026-01-01T00:00:05Z", "2026-01-01T00:00:29Z", "2026-01-01T00:01:29Z" })
        {
            await RefusedAsync($"SELECT count() FROM bets_as_of(moment = '{unknown}')", "is not known", sink);
        }
        Assert.Equal(["5"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T00:01:30Z')"));
    }

    [Fact]
    public async Task A_table_that_a_whole_snapshot_read_first_stays_known_while_an_incremental_one_reads_it_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns(), op: "r", snapshot: "first", committedMs: 1_767_225_600_000),
            made.Bet(2, Made.Columns(), op: "r", snapshot: "last", committedMs: 1_767_225_600_000),
            made.Bet(1, Made.Columns(), op: "r", snapshot: "incremental", committedMs: 1_767_225_700_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        Assert.Equal(["2"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T00:00:00Z')"));
    }

    [Fact]
    public async Task A_part_that_a_killed_snapshot_read_makes_nothing_known()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        await sink.ApplyStreamedAsync([
            made.Bet(1, Made.Columns(), op: "r", snapshot: "first", committedMs: 1_767_225_600_000),
            made.Bet(1, Made.Columns(), op: "r", snapshot: "first", committedMs: 1_767_225_660_000),
            made.Bet(2, Made.Columns(), op: "r", snapshot: "last", committedMs: 1_767_225_660_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        await RefusedAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T00:00:30Z')", "is not known", sink);
        Assert.Equal(["2"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T00:01:00Z')"));
    }

    [Fact]
    public async Task A_gap_between_epochs_begins_with_the_last_change_in_the_log_though_a_clock_was_ahead_before_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(world.Servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1, epoch: "1", committedMs: 1_767_225_600_000 + 86_400_000),
            made.Bet(1, Made.Columns(), epoch: "1", committedMs: 1_767_225_600_000),
            made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "last", committedMs: 1_767_229_200_000),
        ]);
        await sink.VisibleUntilAsync("2026-02-01T00:00:00Z");

        await RefusedAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T00:30:00Z')", "is not known", sink);
    }

    async Task RefusedAsync(string question, string because, SinkUnderTest? sink = null)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => (sink ?? world.Sink).QueryAsync(question));

        Assert.Contains(because, refused.Message, StringComparison.Ordinal);
    }

    public sealed class World(Servers servers) : IAsyncLifetime
    {
        internal Servers Servers => servers;

        internal SinkUnderTest Sink { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Sink = await SinkUnderTest.CreateAsync(servers);
            await Sink.ReplayAsync(KnownWorld.Records());
            await Sink.VisibleUntilAsync("2025-04-02T00:00:00Z");
        }

        public ValueTask DisposeAsync() => Sink.DisposeAsync();
    }
}
