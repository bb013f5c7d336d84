using System.Globalization;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>Snapshots through the worker: the end of one stands in the topic of one table, and other topics are read later.</summary>
public sealed class SnapshotStreamTests(Servers servers)
{
    const int Bets = 6000;
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task A_full_snapshot_in_a_newer_epoch_never_shows_fewer_bets_than_there_are_and_what_is_gone_goes()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var first = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([_made.User(1), _made.Event(1), .. Enumerable.Range(1, Bets).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3))]);
        await Deadline.UntilAsync("the first epoch", Limit, async () => await CountAsync(sink) == Bets);

        // Bets 1 to 10 went while nobody captured. The end of the snapshot stands in the topic of users, which is read first.
        await stream.SendAsync(
        [
            .. Enumerable.Range(11, Bets - 10).Select(id => _made.Bet(id, Made.Columns(), op: "r", epoch: "2", partition: id % 3, snapshot: id == 11 ? "first" : "true")),
            _made.Change("events", "r", """{"id":1,"name":"Cup","category":"football","start_time":"2026-02-01T00:00:00.000000Z","status":"LIVE"}""", """{"id":1}""", "true", epoch: "2"),
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
            await stream.SendAsync([_made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "first"), _made.User(1, op: "r", epoch: "2", snapshot: "last")]);
            await Deadline.UntilAsync("all of them", Limit, () => stream.IsVisibleAsync(sink));
            Assert.Equal(2, await CountAsync(sink));
            await first.KillAsync();
        }
        await using var second = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("bet 2 is gone", Limit, async () => await CountAsync(sink) == 1);
    }

    /// <summary>
    /// The connector captures one more table, such as that of its signals, which Debezium reads last; or the last read is a dead letter.
    /// </summary>
    [Fact]
    public async Task A_snapshot_whose_last_read_does_not_come_is_settled_when_the_stream_goes_on_after_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([_made.User(1), _made.Event(1), _made.Bet(1, Made.Columns()), _made.Bet(2, Made.Columns())]);
        await stream.SendAsync([_made.Watermark("2026-01-01T10:00:00+00:00")]);
        await Deadline.UntilAsync("the first epoch", Limit, async () => await CountAsync(sink) == 2);

        await stream.SendAsync(
        [
            _made.User(1, op: "r", epoch: "2", snapshot: "first"),
            _made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "last_in_data_collection"),
        ]);
        await Deadline.UntilAsync("the reads", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(2, await CountAsync(sink));
        Assert.DoesNotContain("The stream goes on after the snapshot", KafkaStream.Said(worker), StringComparison.Ordinal);
        await stream.SendAsync([_made.Watermark("2026-01-01T11:00:00+00:00", epoch: "2"), _made.Bet(3, Made.Columns(), epoch: "2")]);

        await Deadline.UntilAsync("bet 2 is gone", Limit, async () =>
            (await sink.QueryAsync("SELECT toString(groupArray(bet_id)) FROM (SELECT bet_id FROM bets_analytics ORDER BY bet_id)"))[0] == "[1,3]");
        await Deadline.UntilAsync("the end is settled", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = 1"))[0] == "1");
        Assert.Single(KafkaStream.Said(worker).Split('\n'), line => line.Contains("The stream goes on after the snapshot of epoch 2", StringComparison.Ordinal));
    }

    static async Task<long> CountAsync(SinkUnderTest sink) => long.Parse((await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0], CultureInfo.InvariantCulture);
}
