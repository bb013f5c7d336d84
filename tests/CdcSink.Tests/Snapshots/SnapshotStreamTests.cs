using System.Globalization;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>Snapshots through the worker: the end of one stands in the topic of one table, and other topics are read later.</summary>
public sealed class SnapshotStreamTests(Servers servers)
{
    const string User = "\"name\":\"Ada\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"";
    const int Bets = 6000;
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task A_full_snapshot_in_a_newer_epoch_never_shows_fewer_bets_than_there_are_and_what_is_gone_goes()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var first = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([
            _made.User(1),
            _made.Event(1),
            .. Enumerable.Range(1, Bets).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3)),
        ]);
        await Deadline.UntilAsync("the first epoch", Limit, async () => await CountAsync(sink) == Bets);

        // Bets 1 to 10 went while nobody captured. The end of the snapshot stands in the topic of users, which is read first.
        await stream.SendAsync([
            .. Enumerable
                .Range(11, Bets - 10)
                .Select(id => _made.Bet(id, Made.Columns(), op: "r", epoch: "2", partition: id % 3, snapshot: id == 11 ? "first" : "true")),
            _made.Change(
                "events",
                "r",
                """{"id":1,"name":"Cup","category":"football","start_time":"2026-02-01T00:00:00.000000Z","status":"LIVE"}""",
                """{"id":1}""",
                "true",
                epoch: "2"
            ),
            _made.User(1, op: "r", epoch: "2", snapshot: "last"),
        ]);
        var fewest = long.MaxValue;
        await Deadline.UntilAsync("the snapshot is settled", Limit, async () =>
        {
            fewest = Math.Min(fewest, await CountAsync(sink));
            return (await sink.QueryAsync("SELECT countIf(marker = 'last' AND settled = 1) FROM snapshot_markers FINAL"))[0] == "1";
        });
        Assert.InRange(fewest, Bets - 10, Bets);
        Assert.Equal(Bets - 10, await CountAsync(sink));
        Assert.Equal(["Ada|Cup"], await sink.QueryAsync("SELECT DISTINCT user_name, event_name FROM bets_analytics"));
    }

    [Fact]
    public async Task A_worker_that_is_killed_before_a_snapshot_is_settled_settles_it_when_it_is_back()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var first = stream.StartWorker(sink.ConnectionString, "--CdcSink:SnapshotEndsEvery=00:05:00"))
        {
            await stream.SendAsync([_made.User(1), _made.Event(1), _made.Bet(1, Made.Columns()), _made.Bet(2, Made.Columns())]);
            await stream.SendAsync([
                _made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "first"),
                _made.User(1, op: "r", epoch: "2", snapshot: "last"),
            ]);
            await Deadline.UntilAsync("all of them", Limit, () => stream.IsVisibleAsync(sink));
            Assert.Equal(2, await CountAsync(sink));
            await first.KillAsync();
        }
        await using var second = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("bet 2 is gone", Limit, async () => await CountAsync(sink) == 1);
    }

    /// <summary>
    /// The connector captures one more table, such as that of its signals, which Debezium reads last; or the last read is a dead letter.
    /// Where a table's own last read has not come either, the snapshot may have been stopped before it had read all of the table.
    /// </summary>
    [Theory]
    [InlineData("last_in_data_collection", "[1,3]", "last")]
    [InlineData("true", "[1,2,3]", "over")]
    public async Task A_snapshot_whose_last_read_does_not_come_is_settled_when_the_stream_goes_on_after_it(
        string mark,
        string bets,
        string settled
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([_made.User(1), _made.Event(1), _made.Bet(1, Made.Columns()), _made.Bet(2, Made.Columns())]);
        await stream.SendAsync([_made.Watermark("2026-01-01T10:00:00+00:00")]);
        await Deadline.UntilAsync("the first epoch", Limit, async () => await CountAsync(sink) == 2);

        await stream.SendAsync([Read("users", User, "last_in_data_collection"), Read("bets", Made.Columns(), mark)]);
        await Deadline.UntilAsync("the reads", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(2, await CountAsync(sink));
        await stream.SendAsync([
            _made.Watermark("2026-01-01T11:00:00+00:00", epoch: "2", lsn: 98_000),
            _made.Bet(3, Made.Columns(), epoch: "2", lsn: 99_000),
        ]);

        await Deadline.UntilAsync("the end is settled", Limit, async () =>
            (await sink.QueryAsync($"SELECT count() FROM snapshot_markers FINAL WHERE marker = '{settled}' AND settled = 1"))[0] == "1"
        );
        await Deadline.UntilAsync("the bets", Limit, async () =>
            (await sink.QueryAsync("SELECT toString(groupArray(bet_id)) FROM (SELECT bet_id FROM bets_analytics ORDER BY bet_id)"))[0]
            == bets
        );
        Assert.Equal(
            mark == "true" ? "1" : "0",
            (await sink.QueryAsync("SELECT toString(count()) FROM holds WHERE startsWith(id, 'Bets before epoch 2')"))[0]
        );
        Assert.Single(KafkaStream.Said(worker).Split('\n'), line =>
            line.Contains("The stream goes on after the snapshot of epoch 2", StringComparison.Ordinal)
        );

        StreamRecord Read(string table, string columns, string snapshot) =>
            _made.Change(table, "r", $$"""{"id":1,{{columns}}}""", """{"id":1}""", snapshot, epoch: "2", lsn: 90_000);
    }

    /// <summary>The first read of both stands in the topic of a table that the sink does not read.</summary>
    [Fact]
    public async Task What_only_a_killed_attempt_had_read_goes_also_where_no_first_read_came_and_the_repetition_is_told()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([
            Read("users", 1, User, "first_in_data_collection", 90_000),
            Read("bets", 1, Made.Columns(), "first_in_data_collection", 90_000),
            Read("bets", 2, Made.Columns(), "true", 90_000),
        ]);
        await Deadline.UntilAsync("the first attempt", Limit, async () => await CountAsync(sink) == 2);

        await stream.SendAsync([
            Read("users", 1, User, "first_in_data_collection", 98_000),
            Read("bets", 1, Made.Columns(), "last", 98_000),
        ]);

        await Deadline.UntilAsync("bet 2 is gone", Limit, async () => await CountAsync(sink) == 1);
        await Deadline.UntilAsync("event 320", Limit, () =>
            Task.FromResult(
                KafkaStream.Said(worker).Contains("WRN 320 ", StringComparison.Ordinal)
                    || KafkaStream.Said(worker).Contains("ERR 320 ", StringComparison.Ordinal)
            )
        );

        StreamRecord Read(string table, int id, string columns, string snapshot, ulong lsn) =>
            _made.Change(table, "r", $$"""{"id":{{id}},{{columns}}}""", $$"""{"id":{{id}}}""", snapshot, epoch: "1", lsn: lsn);
    }

    /// <summary>
    /// Kafka deletes reads that the sink has not read. Where it had read others of the table before, the snapshot says nothing about older
    /// rows; where it had not, the snapshot may be whole, and the Reconciler is asked before <c>data_as_of</c> goes on.
    /// </summary>
    [Theory]
    [InlineData(true, "[1,2,3]", "Bets before epoch 2", 2)]
    [InlineData(false, "[2]", "Bets of epoch 2", 1)]
    public async Task Reads_that_were_left_out_are_not_taken_for_rows_that_are_gone(bool readFirst, string bets, string hold, int settled)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        StreamRecord[] reads =
        [
            Read("bets", 1, Made.Columns(), "first"),
            Read("bets", 3, Made.Columns(), "true"),
            Read("bets", 2, Made.Columns(), "true"),
            Read("users", 1, User, "last"),
        ];
        await using (var first = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([_made.User(1), _made.Event(1), .. Enumerable.Range(1, 3).Select(id => _made.Bet(id, Made.Columns()))]);
            await stream.SendAsync(reads[..(readFirst ? 1 : 0)]);
            await Deadline.UntilAsync("what stands in Kafka", Limit, async () =>
                await CountAsync(sink) == 3 && await stream.IsVisibleAsync(sink)
            );
            await first.KillAsync();
        }
        await stream.SendAsync(reads[(readFirst ? 1 : 0)..2]);
        await stream.DeleteRecordsAsync(stream.Bets, 0, 5);
        await stream.SendAsync(reads[2..]);

        await using var second = stream.StartWorker(sink.ConnectionString, "--CdcSink:LostOffset=Earliest");

        await Deadline.UntilAsync("the end is settled", Limit, async () =>
            (await sink.QueryAsync($"SELECT count() FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = {settled}"))[0] == "1"
        );
        Assert.Equal(
            [bets],
            await sink.QueryAsync("SELECT toString(groupArray(bet_id)) FROM (SELECT bet_id FROM bets_analytics ORDER BY bet_id)")
        );
        Assert.Equal(["1"], await sink.QueryAsync($"SELECT toString(count()) FROM holds WHERE startsWith(id, '{hold}')"));

        StreamRecord Read(string table, int id, string columns, string snapshot) =>
            _made.Change(table, "r", $$"""{"id":{{id}},{{columns}}}""", $$"""{"id":{{id}}}""", snapshot, epoch: "2", lsn: 90_000);
    }

    /// <summary>A snapshot of one row, ordered later, has one read, which is marked <c>last</c>.</summary>
    [Fact]
    public async Task A_snapshot_of_one_row_does_not_end_an_earlier_one_that_was_stopped()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([.. Enumerable.Range(1, 3).Select(id => _made.Bet(id, Made.Columns()))]);
        await sink.ApplyStreamedAsync([Read(1, "first", 90_000), Read(2, "true", 90_000)]);
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T11:00:00+00:00", epoch: "2", lsn: 98_000)]);
        await sink.SettleSnapshotsAsync();
        Assert.Equal(["over"], await sink.QueryAsync("SELECT toString(marker) FROM snapshot_markers FINAL WHERE settled = 1"));

        await sink.ApplyStreamedAsync([Read(1, "last", 99_000)]);
        await sink.SettleSnapshotsAsync();

        Assert.Equal(3, await CountAsync(sink));
        Assert.Equal(
            ["0"],
            await sink.QueryAsync("SELECT toString(count()) FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = 0")
        );

        StreamRecord Read(int id, string snapshot, ulong lsn) =>
            _made.Bet(id, Made.Columns(), op: "r", epoch: "2", snapshot: snapshot, lsn: lsn);
    }

    static async Task<long> CountAsync(SinkUnderTest sink) =>
        long.Parse((await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0], CultureInfo.InvariantCulture);
}
