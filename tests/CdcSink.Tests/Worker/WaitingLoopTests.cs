using System.Net;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.ClickHouse;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>
/// The worker's process, whose loops meet codes of bad data in answers that say nothing of a record: it waits, tells, and goes on.
/// </summary>
public sealed class WaitingLoopTests(Servers servers)
{
    const string Live = "\"name\":\"Cup\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"LIVE\"";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task Bets_whose_user_cannot_be_read_wait_and_none_goes_to_the_dead_letters()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink);
        await stream.SendAsync([_made.Event(1), .. Enumerable.Range(1, 50).Select(id => _made.User(id)), _made.Bet(1, Made.Columns())]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        var part = await DamagedPart.OfAsync(sink, "user_changes");

        await stream.SendAsync([
            .. Enumerable.Range(2, 3).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3)),
            _made.Linked(1, previous: 0),
        ]);
        await UnreadyAsync(worker, "clickhouse-writes", "(33)");
        await Deadline.UntilAsync("attempts", Limit, async () => await worker.MetricAsync("cdcsink_retries_total", "code=\"33\"") >= 12);
        Assert.Null(await worker.MetricAsync("cdcsink_dead_letters_total"));
        await part.MendAsync(sink);

        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(["4|4"], await sink.QueryAsync("SELECT count(), countIf(user_name = 'Ada') FROM bets_analytics"));
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM watermarks"));
        await ReadyAsync(worker);
    }

    [Fact]
    public async Task Watermarks_between_records_that_are_refused_are_read_again_and_stored()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT small CHECK amount < 1000");
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink);
        for (var id = 1; id <= 30; id++)
        {
            await stream.SendAsync([
                _made.Bet(2 * id, Made.Columns()),
                _made.Linked(id, previous: id - 1),
                _made.Bet(2 * id + 1, Made.Columns("\"amount\":\"5000.00\""), partition: id % 3),
            ]);
        }
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));

        Assert.Equal(["30"], await sink.QueryAsync("SELECT uniqExact(id) FROM watermarks"));
        Assert.Equal(["30"], await sink.QueryAsync("SELECT count() FROM bets_analytics"));
        Assert.Equal(
            30,
            stream
                .DeadLetters(stream.Bets)
                .Take(30)
                .Select(letter => (letter.Message.Key.Length, System.Text.Encoding.UTF8.GetString(letter.Message.Key)))
                .Distinct()
                .Count()
        );
        Assert.Null(await worker.MetricAsync("cdcsink_watermark_breaks_total"));
        Assert.Empty(await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL"));
    }

    [Fact]
    public async Task A_large_join_that_cannot_read_a_user_waits()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink, "--CdcSink:MaxInlineJoinBets=10", "--CdcSink:JoinBets=20");
        await stream.SendAsync([
            _made.Event(1),
            .. Enumerable.Range(1, 50).Select(id => _made.User(id)),
            .. Enumerable.Range(1, 60).Select(id => _made.Bet(id, Made.Columns())),
        ]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        var part = await DamagedPart.OfAsync(sink, "user_changes");

        await stream.SendAsync([_made.Event(1, Live, "u")]);
        await UnreadyAsync(worker, "clickhouse-joins", "(33)");
        await part.MendAsync(sink);

        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(["60|60"], await sink.QueryAsync("SELECT count(), countIf(event_status = 'LIVE') FROM bets_analytics"));
        await ReadyAsync(worker);
    }

    [Fact]
    public async Task The_end_of_a_snapshot_that_is_not_taken_waits()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink, "--CdcSink:SnapshotEndsEvery=00:00:00.200");
        await sink.QueryAsync("ALTER TABLE snapshot_markers ADD CONSTRAINT never CHECK settled = 0");
        await stream.SendAsync([_made.Bet(1, Made.Columns(), "r", snapshot: "first"), _made.Bet(2, Made.Columns(), "r", snapshot: "last")]);

        await UnreadyAsync(worker, "clickhouse-snapshots", "(469)");
        await sink.QueryAsync("ALTER TABLE snapshot_markers DROP CONSTRAINT never");

        await Deadline.UntilAsync("the snapshot's end", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = 1"))[0] == "1"
        );
        await ReadyAsync(worker);
    }

    [Theory]
    [InlineData("sink_progress")]
    [InlineData("rewinds")]
    public async Task A_worker_that_cannot_read_where_to_begin_waits(string table)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var first = Start(stream, sink))
        {
            await stream.SendAsync([.. Enumerable.Range(1, 50).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3))]);
            await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        }
        if (table == "rewinds")
        {
            // Orders of other groups.
            await sink.QueryAsync(
                "INSERT INTO rewinds (id, consumer_group, topic) SELECT generateUUIDv4(), 'another', 'a topic' FROM numbers(50)"
            );
        }
        var part = await DamagedPart.OfAsync(sink, table);
        await using var worker = Start(stream, sink);
        await stream.SendAsync([_made.Bet(99, Made.Columns())]);

        await UnreadyAsync(worker, "assignment", "");
        await part.MendAsync(sink);

        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        await ReadyAsync(worker);
    }

    static Task UnreadyAsync(SinkProcess worker, string condition, string detail) =>
        Deadline.UntilAsync($"{condition} {detail}", Limit, async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
            && (await worker.BodyAsync("/health/ready")) is var body
            && body.Contains(condition, StringComparison.Ordinal)
            && body.Contains(detail, StringComparison.Ordinal)
        );

    static Task ReadyAsync(SinkProcess worker) =>
        Deadline.UntilAsync("readiness", Limit, async () => await worker.StatusAsync("/health/ready") == HttpStatusCode.OK);

    static SinkProcess Start(KafkaStream stream, SinkUnderTest sink, params string[] settings)
    {
        var (setting, address) = SinkProcess.Listening();
        return new SinkProcess(
            stream.StartWorker(
                sink.ConnectionString,
                [setting, "--CdcSink:LagEvery=00:00:00.500", "--CdcSink:RetryPause=00:00:00.200", .. settings]
            ),
            address
        );
    }
}
