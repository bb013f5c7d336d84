using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>
/// Where a sign says that changes may be missing, <c>data_as_of</c> stays at what is proven until a run has found everything equal.
/// </summary>
public sealed class HoldTests(Servers servers)
{
    const string Proven = "2026-01-01 09:00:00.000000",
        Later = "2026-01-01 20:00:00.000000";

    readonly Made _made = new();

    [Fact]
    public async Task A_second_snapshot_in_an_epoch_holds_data_as_of_where_it_is()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync([_made.Change("bets", "r", $$"""{"id":1,{{Made.Columns()}}}""", """{"id":1}""", "first", lsn: 900_000)]);
        await HeldAsync(sink, Proven);
    }

    [Fact]
    public async Task Changes_of_a_lower_epoch_hold_data_as_of_where_the_newer_one_began()
    {
        await using var sink = await FilledAsync();
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T08:00:00+00:00", epoch: "2")]);
        await sink.ReplayAsync([
            _made.Bet(2, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "1", committedMs: Milliseconds("2026-01-01T08:30:00Z")),
        ]);
        await HeldAsync(sink, "2026-01-01 08:00:00.000000");
    }

    [Fact]
    public async Task A_log_that_went_back_holds_data_as_of_at_the_last_watermark_below_it()
    {
        await using var sink = await FilledAsync();
        await sink.ApplyStreamedAsync([
            _made.Watermark("2026-01-01T07:00:00+00:00", lsn: 1_000_000),
            _made.Watermark("2026-01-01T09:00:01+00:00", lsn: 2_000_000),
        ]);
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T09:30:00+00:00", lsn: 1_500_000)]);
        await HeldAsync(sink, "2026-01-01 06:59:59.000000");
        // The next one finds that one below it, which proves nothing more.
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T09:30:10+00:00", lsn: 1_600_000)]);
        await HeldAsync(sink, "2026-01-01 06:59:59.000000");
    }

    [Fact]
    public async Task A_change_that_ClickHouse_lost_leaves_nothing_proven()
    {
        await using var sink = await FilledAsync();
        await sink.QueryAsync("TRUNCATE TABLE bet_changes");
        await sink.ReplayAsync([_made.Bet(4, Made.Columns())]);
        await HeldAsync(sink, "NULL");
    }

    [Fact]
    public async Task Rows_of_older_epochs_that_stay_hold_it_and_the_end_of_an_epoch_that_is_settled_does_not()
    {
        await using var settled = await FilledAsync();
        await settled.ReplayAsync([.. ReadWhole(2)]);
        Assert.Equal(
            ["epoch 2"],
            await settled.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+$', '') FROM reconciliation_requests FINAL")
        );
        await VisibleAsync(settled, Later, 2);
        Assert.Equal([Later], await AsOfAsync(settled));

        await using var sink = await FilledAsync();
        await sink.ReplayAsync([
            _made.User(1, op: "r", epoch: "2", snapshot: "first"),
            _made.User(2, op: "r", epoch: "2", snapshot: "last"),
        ]);
        await HeldAsync(sink, Proven);
        Assert.Equal(
            ["Bets before epoch 2", "Events before epoch 2"],
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+$', '') FROM holds ORDER BY id")
        );
    }

    [Fact]
    public async Task An_incremental_snapshot_holds_it_and_leaves_nothing_proven_where_no_snapshot_has_read_the_table_whole()
    {
        await using var sink = await ReadOnceAsync();
        await sink.ReplayAsync([Beside(1, "2026-01-01T09:10:00Z"), Beside(2, "2026-01-01T09:50:00Z"), Beside(3, "2026-01-01T10:01:00Z")]);
        await sink.ReplayAsync([Beside(1, "2026-01-01T10:02:00Z")]);
        await HeldAsync(sink, Proven);
        Assert.Equal(
            ["incremental snapshot of Bets in epoch 1"],
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+$', '') FROM holds ORDER BY id")
        );

        await using var never = await FilledAsync();
        await never.ReplayAsync([Beside(1, "2026-01-01T09:10:00Z")]);
        await HeldAsync(never, "NULL");

        await using var newEpoch = await ReadOnceAsync();
        await newEpoch.ReplayAsync([Beside(1, "2026-01-01T09:10:00Z", epoch: "2")]);
        await HeldAsync(newEpoch, "NULL");
    }

    [Fact]
    public async Task Reads_beside_the_stream_after_a_run_that_found_everything_equal_hold_it_again_and_reads_that_are_read_again_do_not()
    {
        await using var sink = await ReadOnceAsync();
        StreamRecord[] first = [Beside(1, "2026-01-01T09:10:00Z"), Beside(2, "2026-01-01T09:10:01Z")],
            second = [Beside(3, "2026-01-01T09:10:02Z")];
        await sink.ApplyStreamedAsync(first);
        await HeldAsync(sink, Proven);
        await AnswerAsync(sink, answered: 2);
        await sink.ApplyStreamedAsync(first);
        await sink.ApplyStreamedAsync(first[1..]);
        Assert.Equal([Later], await AsOfAsync(sink));

        await sink.ApplyStreamedAsync(second);
        await VisibleAsync(sink, "2026-01-01 21:00:00.000000", 4);
        Assert.Equal([Later], await AsOfAsync(sink));
        Assert.Single(await sink.QueryAsync("SELECT id FROM holds"));
        await AnswerAsync(sink, answered: 2);
        // A part of them is new: they were not recorded whole.
        await sink.ApplyStreamedAsync([.. second, Beside(4, "2026-01-01T09:10:03Z")]);
        Assert.Single(await sink.QueryAsync("SELECT id FROM holds"));
    }

    [Fact]
    public async Task Changes_of_a_lower_epoch_after_a_run_that_found_everything_equal_hold_it_again_in_the_same_hour()
    {
        await using var sink = await FilledAsync();
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T08:00:00+00:00", epoch: "2")]);
        StreamRecord[] first = [Lower(2, "2026-01-01T08:30:00Z")];
        await sink.ApplyStreamedAsync(first);
        await HeldAsync(sink, "2026-01-01 08:00:00.000000");
        await AnswerAsync(sink, answered: 2);
        await sink.ApplyStreamedAsync(first);
        Assert.Equal([Later], await AsOfAsync(sink));

        await sink.ApplyStreamedAsync([Lower(3, "2026-01-01T08:30:00Z")]);
        Assert.Equal(["2026-01-01 08:00:00.000000"], await AsOfAsync(sink));
        await AnswerAsync(sink, answered: 2);
        // The same from an archive is asked for once: nothing says that it was recorded.
        await sink.ReplayAsync(first);
        await AnswerAsync(sink, answered: 2);
        await sink.ReplayAsync(first);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));

        StreamRecord Lower(int id, string at) =>
            _made.Bet(id, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "1", committedMs: Milliseconds(at));
    }

    [Fact]
    public async Task A_sign_is_taken_in_by_an_open_request_of_its_subject_that_holds_as_much_and_by_no_other()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await VisibleAsync(sink, Proven, 1);
        await AskAsync("a", 1, Hold.None);
        await AskAsync("a", 2, Hold.None);
        Assert.Equal(["a at 1"], await IdsAsync());
        // One that holds nothing covers none that holds; one that holds at a moment covers those that hold later.
        await AskAsync("a", 3, Hold.Now);
        await AskAsync("a", 4, Hold.Now);
        await AskAsync("a", 5, Hold.None);
        await AskAsync("a", 6, Hold.All);
        await AskAsync("a", 7, new Hold(5));
        await AskAsync("ab", 8, Hold.Now);
        Assert.Equal(["a at 1", "a at 3", "a at 6", "ab at 8"], await IdsAsync());

        // A run has begun, and has ended: with drift, then equal.
        foreach (var (answered, run) in new[] { (1, 0), (1, 7), (2, 8) })
        {
            await sink.QueryAsync(
                $"INSERT INTO reconciliation_requests SELECT id, reason, asked_at, {answered}, {run}, holds_from "
                    + $"FROM reconciliation_requests FINAL WHERE id = 'ab at 8'"
            );
            await AskAsync("ab", 8, Hold.Now);
        }
        Assert.Equal(["a at 1", "a at 3", "a at 6", "ab at 8"], await IdsAsync());
        await AskAsync("ab", 9, Hold.Now);
        Assert.Equal(["a at 1", "a at 3", "a at 6", "ab at 8", "ab at 9"], await IdsAsync());

        Task AskAsync(string subject, int position, Hold hold) =>
            store.AskReconciliationAsync(
                new Sign(subject, position.ToString(CultureInfo.InvariantCulture)),
                "a test",
                hold,
                CancellationToken.None
            );
        Task<List<string>> IdsAsync() => sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL ORDER BY id");
    }

    [Fact]
    public async Task The_moments_that_are_held_are_refused_and_the_proven_ones_are_answered()
    {
        await using var sink = await ReadOnceAsync();
        using var store = new ChangeStore(sink.Client);
        await store.AskReconciliationAsync("a", "a test", Hold.Now, CancellationToken.None);
        await VisibleAsync(sink, Later, 2);

        Assert.Equal(["3"], await sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T09:00:00Z')"));
        var refused = await Assert.ThrowsAnyAsync<Exception>(() =>
            sink.QueryAsync("SELECT count() FROM bets_as_of(moment = '2026-01-01T09:00:01Z')")
        );
        Assert.Contains("later than data_as_of", refused.Message, StringComparison.Ordinal);

        // visible_watermarks keeps the newest alone, so a snapshot of PostgreSQL is judged by its time as well.
        await sink.QueryAsync("OPTIMIZE TABLE visible_watermarks FINAL");
        Assert.Equal(["3"], await sink.QueryAsync(Snapshot("2026-01-01T09:00:00Z")));
        await RefusedAsync(Snapshot("2026-01-01T09:00:01Z"));
        await store.AskReconciliationAsync("b", "a test", Hold.All, CancellationToken.None);
        await RefusedAsync(Snapshot("2026-01-01T09:00:00Z"));

        static string Snapshot(string taken) =>
            $"SELECT count() FROM bets_as_of_snapshot(epoch = 2, position = 0, xmax = 4294967295, xip = [], taken = '{taken}')";
        async Task RefusedAsync(string sql) =>
            Assert.Contains(
                "later than data_as_of",
                (await Assert.ThrowsAnyAsync<Exception>(() => sink.QueryAsync(sql))).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public async Task A_hold_ends_with_a_run_that_found_everything_equal_and_not_with_drift_or_when_it_is_asked_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await VisibleAsync(sink, Proven, 1);
        await store.AskReconciliationAsync("nothing", "a test", Hold.None, CancellationToken.None);
        await store.AskReconciliationAsync("a", "a test", Hold.Now, CancellationToken.None);
        await VisibleAsync(sink, Later, 2);
        await store.AskReconciliationAsync("a", "a test", Hold.Now, CancellationToken.None);
        await store.AskReconciliationAsync("b", "a test", Hold.Now, CancellationToken.None);
        Assert.Equal([Proven], await AsOfAsync(sink));

        await AnswerAsync(sink, answered: 1);
        await store.AskReconciliationAsync("a", "a test", Hold.Now, CancellationToken.None);
        Assert.Equal([Proven], await AsOfAsync(sink));

        await AnswerAsync(sink, answered: 2);
        Assert.Equal([Later], await AsOfAsync(sink));
        await store.AskReconciliationAsync("a", "a test", Hold.All, CancellationToken.None);
        Assert.Equal([Later], await AsOfAsync(sink));
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));
    }

    [Fact]
    public async Task A_hold_before_the_first_watermark_leaves_nothing_proven()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await store.AskReconciliationAsync("a", "a test", Hold.Now, CancellationToken.None);
        await VisibleAsync(sink, Later, 2);
        Assert.Equal(["NULL"], await AsOfAsync(sink));
    }

    static Task<List<string>> AnswerAsync(SinkUnderTest sink, int answered) =>
        sink.QueryAsync($"INSERT INTO reconciliation_requests SELECT id, reason, asked_at, {answered}, 7, holds_from FROM holds");

    /// <summary>Newer watermarks become visible, and data_as_of does not go on.</summary>
    static async Task HeldAsync(SinkUnderTest sink, string at)
    {
        await VisibleAsync(sink, Later, 3);
        Assert.Equal([at], await AsOfAsync(sink));
    }

    static Task<List<string>> VisibleAsync(SinkUnderTest sink, string moment, int epoch) =>
        sink.QueryAsync(
            $"INSERT INTO visible_watermarks (as_of, version) VALUES ('{moment}', "
                + $"{ChangeVersion.Of(epoch, streamed: true, 8).Value.ToString(CultureInfo.InvariantCulture)})"
        );

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) =>
        sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of");

    static long Milliseconds(string at) => DateTimeOffset.Parse(at, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    StreamRecord Beside(int id, string at, string epoch = "1") =>
        _made.Bet(id, Made.Columns(), op: "r", snapshot: "incremental", epoch: epoch, committedMs: Milliseconds(at));

    /// <summary>Streamed rows of all tables in epoch 1, and a watermark up to which they are visible.</summary>
    async Task<SinkUnderTest> FilledAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([_made.User(1), _made.Event(1), .. Enumerable.Range(1, 3).Select(id => _made.Bet(id, Made.Columns()))]);
        await VisibleAsync(sink, Proven, 1);
        return sink;
    }

    /// <summary>A snapshot of all tables in epoch 1, and a watermark up to which it is visible.</summary>
    async Task<SinkUnderTest> ReadOnceAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([.. ReadWhole(1)]);
        await VisibleAsync(sink, Proven, 1);
        return sink;
    }

    /// <summary>A snapshot of user 1, event 1 and bets 1 to 3.</summary>
    IEnumerable<StreamRecord> ReadWhole(int epoch)
    {
        var text = epoch.ToString(CultureInfo.InvariantCulture);
        yield return _made.User(1, op: "r", epoch: text, snapshot: "first");
        yield return _made.Change(
            "events",
            "r",
            """{"id":1,"name":"Cup","category":"football","start_time":"2026-02-01T00:00:00.000000Z","status":"LIVE"}""",
            """{"id":1}""",
            "true",
            epoch: text
        );
        foreach (var id in Enumerable.Range(1, 3))
        {
            yield return _made.Bet(id, Made.Columns(), op: "r", epoch: text, snapshot: id == 3 ? "last" : "true");
        }
    }
}
