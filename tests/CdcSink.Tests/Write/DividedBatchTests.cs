using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>A batch that ClickHouse does not take whole says of the stream what any other batch says.</summary>
public sealed class DividedBatchTests(Servers servers)
{
    const string Constraint = "ALTER TABLE bet_changes ADD CONSTRAINT small CHECK amount < 1000";
    const string Large = "\"amount\":\"5000.00\"",
        Small = "\"amount\":\"10.00\"";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task Its_watermarks_are_stored_and_the_next_one_follows_them()
    {
        await using var sink = await RefusingAsync();
        await sink.ApplyPatientlyAsync([
            _made.Linked(1, previous: 0),
            Bet(1, Large),
            _made.Linked(2, previous: 1),
            Bet(2, Small),
            _made.Linked(3, previous: 2),
            Bet(3, Large),
        ]);
        await sink.ApplyPatientlyAsync([_made.Linked(4, previous: 3), Bet(4, Large), Bet(5, Small)]);
        await sink.ApplyPatientlyAsync([_made.Linked(5, previous: 4)]);

        Assert.Equal(["5|5"], await sink.QueryAsync("SELECT count(), uniqExact(id) FROM watermarks"));
        Assert.Equal(0, sink.Readings.Sum("cdcsink.watermark_breaks"));
        Assert.Empty(await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL"));
        Assert.Equal(["2", "5"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics ORDER BY bet_id"));
        Assert.Equal(3, sink.DeadLetters.Count);
        // Counted once, however often the batch was halved.
        Assert.Equal(5, sink.Readings.Of("cdcsink.records", $"topic={Made.Prefix}bets,kind=RowChange"));
        Assert.Equal(
            ["betting.message|5", "betting.public.bets|5"],
            await sink.QueryAsync("SELECT topic, next_offset FROM sink_progress FINAL ORDER BY topic")
        );
    }

    [Fact]
    public async Task A_chain_that_breaks_inside_it_is_told()
    {
        await using var sink = await RefusingAsync();
        await sink.ApplyPatientlyAsync([_made.Linked(1, previous: 0)]);
        await sink.ApplyPatientlyAsync([_made.Linked(2, previous: 1), Bet(1, Large), Bet(2, Small), _made.Linked(9, previous: 7)]);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.watermark_breaks"));
    }

    [Fact]
    public async Task Its_fences_and_watermarks_are_stored_after_the_batch_before_it_has_ended()
    {
        await using var sink = await RefusingAsync();
        var before = new TaskCompletionSource();
        var applying = sink.ApplyPatientlyAsync(
            [Bet(1, Large), Bet(2, Small), _made.Message("a fence", "fence"), _made.Linked(1, previous: 0)],
            before.Task
        );
        await Deadline.UntilAsync("its letter, after which it waits", Limit, () => Task.FromResult(sink.DeadLetters.Count == 1));

        Assert.Equal(
            ["1|0|0|0"],
            await sink.QueryAsync(
                "SELECT (SELECT count() FROM bets_analytics), (SELECT count() FROM fences), "
                    + "(SELECT count() FROM watermarks), (SELECT count() FROM sink_progress)"
            )
        );
        Assert.False(applying.IsCompleted);
        before.SetResult();
        await applying.WaitAsync(Limit);
        Assert.Equal(["1|1"], await sink.QueryAsync("SELECT (SELECT count() FROM fences), (SELECT count() FROM watermarks)"));
    }

    [Fact]
    public async Task A_fall_of_the_clock_between_its_halves_is_stored()
    {
        await using var sink = await RefusingAsync();
        await sink.ApplyPatientlyAsync([
            Bet(1, Small, committedMs: 1_767_225_600_000),
            Bet(2, Large, committedMs: 1_767_225_600_000),
            Bet(3, Small, committedMs: 1_767_225_000_000),
            Bet(4, Small, committedMs: 1_767_225_000_000),
        ]);
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM clock_jumps"));
        Assert.Equal(1, sink.Readings.Of("cdcsink.clock_jumps"));
    }

    [Fact]
    public async Task Hot_events_in_its_parts_are_joined_beside_the_batches_and_hold_their_topic()
    {
        await using var sink = await RefusingAsync(
            new CdcSinkOptions { MaxInlineJoinBets = 10, RetryPause = TimeSpan.FromMilliseconds(10) }
        );
        await sink.ApplyStreamedAsync(
            [Event(1, "OPEN"), Event(2, "OPEN"), .. Enumerable.Range(100, 40).Select(id => Bet(id, Small, $"\"event_id\":{1 + id % 2}"))],
            keepsPartitions: true
        );
        var beside = new List<LargeJoin>();
        sink.Applier.DeferJoin = (large, _) =>
        {
            beside.Add(large);
            return ValueTask.CompletedTask;
        };

        await sink.ApplyPatientlyAsync([Event(1, "LIVE", "u"), Bet(1, Large), Bet(2, Small), Event(2, "LIVE", "u")]);

        var joined = Assert.Single(beside);
        Assert.Equal([1, 2], joined.Events.Order());
        Assert.Equal([Made.Prefix + "events"], joined.Topics);
        Assert.Equal(["0"], await sink.QueryAsync("SELECT countIf(event_status = 'LIVE' AND bet_id >= 100) FROM bets_analytics"));
        Assert.Equal(
            ["betting.public.bets|42", "betting.public.events|2"],
            await sink.QueryAsync("SELECT topic, next_offset FROM sink_progress FINAL ORDER BY topic")
        );
        await sink.Progress.EndAsync(joined, CancellationToken.None);
        Assert.Equal(
            ["betting.public.bets|42", "betting.public.events|4"],
            await sink.QueryAsync("SELECT topic, next_offset FROM sink_progress FINAL ORDER BY topic")
        );
    }

    [Theory]
    [InlineData("first")]
    [InlineData("last")]
    public async Task A_refused_record_marks_its_snapshot_all_the_same(string snapshot)
    {
        await using var sink = await RefusingAsync();
        await sink.ApplyPatientlyAsync([
            _made.Bet(1, Made.Columns(Large), "r", snapshot: snapshot),
            _made.Bet(2, Made.Columns(), "r", snapshot: "true"),
        ]);
        Assert.Equal([snapshot], await sink.QueryAsync("SELECT marker FROM snapshot_markers FINAL WHERE marker IN ('first', 'last')"));
        Assert.Single(sink.DeadLetters);
    }

    [Fact]
    public async Task A_tombstone_that_a_half_begins_with_is_no_dead_letter()
    {
        await using var sink = await RefusingAsync();
        await sink.ApplyPatientlyAsync([
            Bet(1, Large),
            Bet(2, Small),
            _made.Delete("bets", 2),
            _made.Record("bets", """{"id":2}""", null),
            Bet(3, Small),
            Bet(4, Small),
        ]);
        Assert.Equal([DeadLetter.RefusedByClickHouse], sink.DeadLetters.Select(letter => letter.Reason));
        Assert.Equal(["3", "4"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics ORDER BY bet_id"));
    }

    [Fact]
    public async Task More_than_a_hundred_refused_records_between_good_ones_are_put_aside()
    {
        await using var sink = await RefusingAsync(new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(1) });
        await sink.ApplyPatientlyAsync([.. Enumerable.Range(1, 240).Select(id => Bet(id, id % 2 == 0 ? Large : Small))]);
        Assert.Equal(120, sink.DeadLetters.Count);
        Assert.Equal(["120"], await sink.QueryAsync("SELECT count() FROM bets_analytics"));
    }

    [Fact]
    public async Task A_table_that_refuses_a_hundred_in_a_row_puts_none_of_them_aside_however_often_the_worker_is_started()
    {
        await using var sink = await RefusingAsync(new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(1) });
        // Users are taken between them, which says nothing of the bets.
        List<StreamRecord> records = [.. Enumerable.Range(1, 120).SelectMany(id => new[] { Bet(id, Large), _made.User(id) })];
        for (var start = 0; start < 2; start++)
        {
            await Assert.ThrowsAsync<ClickHouseRefusedException>(() => sink.ApplyPatientlyAsync(records));
            Assert.Empty(sink.DeadLetters);
            Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM sink_progress"));
        }
    }

    async Task<SinkUnderTest> RefusingAsync(CdcSinkOptions? options = null)
    {
        var sink = await SinkUnderTest.CreateAsync(servers, options ?? new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(10) });
        await sink.QueryAsync(Constraint);
        return sink;
    }

    StreamRecord Bet(long id, string amount, string other = "\"event_id\":1", long committedMs = 1_767_225_600_000) =>
        _made.Bet(id, Made.Columns(amount, other), committedMs: committedMs);

    StreamRecord Event(long id, string status, string op = "c") =>
        _made.Event(
            id,
            $"\"name\":\"Cup\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"{status}\"",
            op
        );
}
