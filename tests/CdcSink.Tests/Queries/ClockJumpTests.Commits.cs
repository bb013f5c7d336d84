using Betting.CdcSink;
using Betting.Debezium;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>Jumps while the connector was down: no watermark shows them, and each partition has one bet of that time at most.</summary>
public sealed partial class ClockJumpTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_clock_that_was_ahead_only_while_the_connector_was_down_is_found(bool restarted)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        await VisibleAsync(sink);
        // Committed at 5 and 6 by a clock that is right.
        await ApplyAsync(sink, restarted, [Bet(95, partition: 1), Bet(96, partition: 2)], [Watermark(30.9), Bet(31)]);
        await VisibleAsync(sink);

        foreach (var moment in new[] { 6, 20, 29.5 })
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal("4", await BetsAsync(sink, 3.5));
        Assert.True(sink.Readings.Of("cdcsink.clock_jumps") >= 1);

        await PlaceAsync(sink, from: 100, 5);
        await VisibleAsync(sink);
        await ForgetReadingsAsync(sink);
        foreach (var moment in new[] { 6, 20, 40, 96.5 })
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal(("4", "11"), (await BetsAsync(sink, 3.5), await BetsAsync(sink, 102.5)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_clock_that_was_behind_only_while_the_connector_was_down_is_found(bool restarted)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: -100, 5);
        await PlaceAsync(sink, from: 0, 5);
        await VisibleAsync(sink);
        await ApplyAsync(sink, restarted, [Bet(-80, partition: 1), Bet(-79, partition: 2)], [Watermark(30.9), Bet(31)]);
        await VisibleAsync(sink);
        await PlaceAsync(sink, from: 33, 5);
        await VisibleAsync(sink);
        await ForgetReadingsAsync(sink);

        foreach (var moment in new[] { -79.5, -40, 2, 20, 29.5 })
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal(("4", "16"), (await BetsAsync(sink, -96.5), await BetsAsync(sink, 35.5)));
        Assert.True(sink.Readings.Of("cdcsink.clock_jumps") >= 1);
    }

    [Theory]
    [InlineData(90)]
    [InlineData(-90)]
    public async Task A_jump_that_the_watermarks_around_it_do_not_reach_is_found_from_the_order_of_the_commits(int seconds)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        await VisibleAsync(sink);
        // The connector is down for ten minutes; for two seconds in the middle the clock is wrong.
        await sink.ApplyStreamedAsync([Bet(290, partition: 1)]);
        await sink.ApplyStreamedAsync([Bet(300 + seconds, partition: 2), Bet(301 + seconds, partition: 3)]);
        await sink.ApplyStreamedAsync([Bet(302, partition: 4)]);
        await sink.ApplyStreamedAsync([Watermark(600)]);
        await PlaceAsync(sink, from: 601, 5);
        await VisibleAsync(sink);

        await RefusedAsync(sink, seconds > 0 ? 350 : 250);
        Assert.Equal(("4", "12"), (await BetsAsync(sink, 3.5), await BetsAsync(sink, 603.5)));
    }

    [Fact]
    public async Task Batches_cut_in_another_way_and_records_that_come_again_find_the_same_jumps()
    {
        await using var one = await SinkUnderTest.CreateAsync(servers);
        await using var other = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] before = [Bet(0), Watermark(0.9), Bet(4), Watermark(4.9)];
        StreamRecord[] down =
        [
            Bet(95, partition: 1),
            Bet(-60, partition: 2),
            Bet(96, partition: 3),
            Bet(20, partition: 4),
            Watermark(30.9),
            Bet(31),
        ];

        await one.ApplyStreamedAsync(before);
        await VisibleAsync(one);
        await one.ApplyStreamedAsync(down);
        await VisibleAsync(one);
        foreach (var record in before.Concat(before).Concat(down.Reverse()).Concat(down))
        {
            await other.ApplyStreamedAsync([record]);
        }
        await VisibleAsync(other);
        var found = await GapsAsync(one);
        await one.ApplyStreamedAsync(down);
        await VisibleAsync(one);

        Assert.NotEmpty(found);
        Assert.Equal(found, await GapsAsync(one));
        Assert.Equal(found, await GapsAsync(other));
    }

    [Fact]
    public async Task Lag_snapshots_long_transactions_and_commits_within_two_seconds_of_a_watermark_are_no_jump()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        await VisibleAsync(sink);
        var log = new List<StreamRecord>();
        var longAgo = _made.Lsn;
        for (var second = 5; second < 65; second++)
        {
            log.Add(Bet(second + 0.2, partition: second % 12));
            // A transaction of a minute writes before all these watermarks and commits behind them; its records do not always name the
            // commit before it.
            log.Add(Bet(second + 0.4, partition: (second + 5) % 12, lsn: longAgo, lastCommit: second % 7 == 0 ? 0 : _made.Lsn));
            if (second % 10 == 0)
            {
                log.Add(Watermark(second - 1));
                log.Add(Watermark(second + 2));
            }
            // Reads of a snapshot and of an incremental one carry times of their own.
            log.Add(
                _made.Bet(
                    ++_bets,
                    Made.Columns(),
                    op: "r",
                    snapshot: "true",
                    committedMs: Start.AddSeconds(-500).ToUnixTimeMilliseconds(),
                    epoch: "1",
                    partition: second % 12
                )
            );
            log.Add(
                _made.Bet(
                    ++_bets,
                    Made.Columns(),
                    op: "r",
                    snapshot: "incremental",
                    committedMs: Start.AddSeconds(500).ToUnixTimeMilliseconds(),
                    epoch: "1",
                    partition: second % 12
                )
            );
        }
        log.Add(Watermark(65.9));
        // Partitions lag behind each other and behind the watermarks; a connector that was killed sends everything again.
        foreach (
            var partition in log.GroupBy(record => (record.Topic, record.Partition))
                .OrderByDescending(each => each.Key.Topic.EndsWith("message", StringComparison.Ordinal))
        )
        {
            await sink.ApplyStreamedAsync([.. partition]);
            await sink.ApplyStreamedAsync([.. partition.Select((record, n) => record with { Offset = record.Offset + 1_000 + n })]);
        }
        await VisibleAsync(sink);

        Assert.Empty(await sink.QueryAsync("SELECT * FROM recent_clock_jumps"));
        Assert.Empty(await sink.QueryAsync("SELECT * FROM clock_jumps"));
        Assert.Equal(0, sink.Readings.Of("cdcsink.clock_jumps"));
    }

    [Theory]
    [InlineData("churn-3.6")]
    [InlineData("killed-3.6")]
    [InlineData("recommended-3.6")]
    public async Task A_recording_shows_no_jump(string recording)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        foreach (var batch in Archive.Read(Path.Combine(Recordings.Folder, recording + ".jsonl.gz")).Chunk(1_000))
        {
            await sink.ApplyStreamedAsync(batch);
        }

        Assert.Empty(await sink.QueryAsync("SELECT * FROM recent_clock_jumps"));
        Assert.Empty(await sink.QueryAsync("SELECT * FROM clock_jumps"));
    }

    [Fact]
    public void Debezium_counts_a_message_outside_a_transaction_as_a_commit()
    {
        var decoder = new RecordDecoder(new CdcSinkOptions().Decoding());
        var messages = new List<DecodedRecord>();
        foreach (var recording in RecordingTests.All.Select(each => each.Data))
        {
            foreach (var record in Archive.Read(recording))
            {
                decoder.Decode(record, out var decoded);
                if (decoded is { Kind: RecordKind.Message, TransactionId: 0 })
                {
                    messages.Add(decoded);
                }
            }
        }

        Assert.NotEmpty(messages);
        Assert.All(messages, message => Assert.Equal(message.Version.Lsn, message.Position.CommitLsn));
    }

    static async Task ApplyAsync(SinkUnderTest sink, bool restarted, params StreamRecord[][] batches)
    {
        foreach (
            var batch in restarted
                ? batches
                :
                [
                    [.. batches.SelectMany(each => each)],
                ]
        )
        {
            await sink.ApplyStreamedAsync(batch);
        }
    }

    /// <summary>A day later: what shows a jump has expired.</summary>
    static async Task ForgetReadingsAsync(SinkUnderTest sink)
    {
        await sink.QueryAsync("TRUNCATE TABLE watermarks");
        await sink.QueryAsync("TRUNCATE TABLE commit_seconds");
    }
}
