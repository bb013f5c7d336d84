using Betting.CdcSink;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Write;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.ClickHouse;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>
/// A record is put aside only for the insert of its own change or row. Whatever else ClickHouse refuses, with whatever code, is waited for:
/// nothing is put aside, no progress is recorded, and once it is mended everything is there.
/// </summary>
public sealed class VerdictTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Theory]
    [InlineData("user_changes")]
    [InlineData("event_changes")]
    [InlineData("bet_changes")]
    [InlineData("watermarks")]
    [InlineData("sink_progress")]
    public async Task A_part_that_cannot_be_read_is_waited_for(string table)
    {
        await using var filled = await FilledAsync();
        await using var restarted = filled.Restarted();
        // The watermarks of its former batches it knows.
        var sink = table == "watermarks" ? restarted : filled;
        var part = await DamagedPart.OfAsync(sink, table);

        await WaitsAsync(sink, "33", [.. Enumerable.Range(1, 3).Select(id => Bet(id, "20.00")), _made.Linked(2, previous: 1)], () =>
            part.MendAsync(sink)
        );

        Assert.Equal(["3|60"], await sink.QueryAsync("SELECT count(), toString(sum(bet_amount)) FROM bets_analytics"));
        Assert.Equal(0, sink.Readings.Sum("cdcsink.watermark_breaks"));
    }

    [Theory]
    [InlineData("fences")]
    [InlineData("watermarks")]
    [InlineData("sink_progress")]
    [InlineData("snapshot_markers")]
    public async Task An_insert_of_something_else_that_is_refused_is_waited_for(string table)
    {
        await using var sink = await FilledAsync();
        await sink.QueryAsync($"ALTER TABLE {table} ADD CONSTRAINT never CHECK partition < 0");
        var read = _made.Bet(9, Made.Columns(), "r", epoch: "2", snapshot: "last");

        await WaitsAsync(sink, "469", [Bet(1, "20.00"), read, _made.Message("a fence", "fence"), _made.Linked(2, previous: 1)], () =>
            sink.QueryAsync($"ALTER TABLE {table} DROP CONSTRAINT never")
        );

        Assert.Equal(
            ["1|2|1"],
            await sink.QueryAsync(
                "SELECT (SELECT uniqExact(offset) FROM fences), (SELECT uniqExact(id) FROM "
                    + "watermarks), (SELECT countIf(marker IN ('first', 'last')) FROM snapshot_markers FINAL)"
            )
        );
    }

    [Fact]
    public async Task A_row_of_another_bet_that_is_refused_is_waited_for_and_the_user_that_changed_is_not_put_aside()
    {
        await using var sink = await FilledAsync();
        await sink.QueryAsync("ALTER TABLE bets_analytics_rows ADD CONSTRAINT never CHECK user_name != 'Eve'");

        await WaitsAsync(
            sink,
            "469",
            [_made.User(1, "\"name\":\"Eve\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", "u"), Bet(9, "5.00", "\"user_id\":2")],
            () => sink.QueryAsync("ALTER TABLE bets_analytics_rows DROP CONSTRAINT never")
        );

        Assert.Equal(["3"], await sink.QueryAsync("SELECT countIf(user_name = 'Eve') FROM bets_analytics"));
    }

    [Fact]
    public async Task A_bet_whose_own_row_is_refused_is_put_aside_alone()
    {
        await using var sink = await FilledAsync();
        await sink.QueryAsync("ALTER TABLE bets_analytics_rows ADD CONSTRAINT never CHECK bet_id NOT IN (2, 13)");

        // One that is stored already, so its row is made of what is read, and a new one; between them a change of a user.
        await sink.ApplyPatientlyAsync([Bet(1, "20.00"), Bet(2, "20.00"), _made.User(7), Bet(12, "20.00"), Bet(13, "20.00")]);

        Assert.Equal(
            ["2", "13"],
            sink.DeadLetters.Select(letter => System.Text.Encoding.UTF8.GetString(letter.Record.Key!).Trim('{', '}')[5..])
        );
        Assert.All(sink.DeadLetters, letter => Assert.Equal((DeadLetter.RefusedByClickHouse, "469"), (letter.Reason, letter.Field)));
        Assert.Equal(
            ["1|20", "2|10", "3|10", "12|20"],
            await sink.QueryAsync("SELECT bet_id, toString(bet_amount) FROM bets_analytics ORDER BY bet_id")
        );
    }

    async Task WaitsAsync(SinkUnderTest sink, string code, IReadOnlyCollection<StreamRecord> records, Func<Task> mendAsync)
    {
        const string Recorded = "SELECT topic, partition, next_offset FROM sink_progress FINAL ORDER BY ALL";
        var isProgressReadable = true;
        List<string> before = [];
        try
        {
            before = await sink.QueryAsync(Recorded);
        }
        catch (global::ClickHouse.Driver.ClickHouseServerException)
        {
            isProgressReadable = false;
        }
        var applying = sink.ApplyPatientlyAsync(records);
        // More than it takes to be halved down to one record.
        await Deadline.UntilAsync("twelve attempts", Limit, () =>
            Task.FromResult(sink.Readings.Of("cdcsink.retries", $"code={code}") >= 12)
        );
        Assert.False(applying.IsCompleted);
        Assert.Empty(sink.DeadLetters);
        Assert.Contains($"not taken ({code})", sink.Readiness.States[RetryingBatchWriter.Condition].Detail, StringComparison.Ordinal);
        if (isProgressReadable)
        {
            Assert.Equal(before, await sink.QueryAsync(Recorded));
        }

        await mendAsync();
        await applying.WaitAsync(Limit);

        Assert.Empty(sink.DeadLetters);
        Assert.True(sink.Readiness.IsReady);
        Assert.NotEqual(before, await sink.QueryAsync(Recorded));
        // None is missing.
        Assert.Equal(
            ["0"],
            await sink.QueryAsync(
                "SELECT count() FROM (SELECT DISTINCT id FROM bet_changes) WHERE id NOT IN (SELECT bet_id FROM bets_analytics)"
            )
        );
    }

    async Task<SinkUnderTest> FilledAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(10) });
        // Users and events enough that half of a file is not whole.
        await sink.ApplyStreamedAsync(
            [
                .. Enumerable.Range(1, 50).Select(id => _made.User(id)),
                .. Enumerable.Range(1, 50).Select(id => _made.Event(id)),
                .. Enumerable.Range(1, 3).Select(id => Bet(id, "10.00")),
                _made.Linked(1, previous: 0),
            ],
            keepsPartitions: true
        );
        return sink;
    }

    StreamRecord Bet(long id, string amount, string other = "\"user_id\":1") =>
        _made.Bet(id, Made.Columns($"\"amount\":\"{amount}\"", other));
}
