using System.Globalization;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>What people see after snapshots of all kinds: rows never disappear that PostgreSQL has, and rows that are gone go.</summary>
public sealed class SnapshotCompletionTests(Servers servers)
{
    const string Rows = "SELECT bet_id, user_name, event_name FROM bets_analytics ORDER BY bet_id";

    readonly Made _made = new();

    [Fact]
    public async Task A_snapshot_of_users_alone_in_a_newer_epoch_leaves_bets_and_events()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync(Users(epoch: 2, 1, 2, 3));
        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
        Assert.Equal(
            ["Bets before epoch 2", "Events before epoch 2", "epoch 2"],
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+[^a-z]*$', '') FROM reconciliation_requests FINAL ORDER BY id")
        );
    }

    [Fact]
    public async Task A_user_that_a_snapshot_of_users_did_not_find_is_gone()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync(Users(epoch: 2, 1, 3));
        Assert.Equal(["1|Ada|Cup", "2||Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Theory]
    [InlineData("users", "events", "bets")]
    [InlineData("bets", "users", "events")]
    [InlineData("events", "bets", "users")]
    public async Task A_full_snapshot_in_any_order_of_tables_deletes_what_it_did_not_find(params string[] order)
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync(Full(epoch: 2, order, bets: [1, 3]));
        Assert.Equal(["1|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_table_that_a_snapshot_found_empty_is_left_to_the_Reconciler()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync(Full(epoch: 2, ["users", "events"], bets: []));
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
        Assert.Contains(
            "Bets before epoch 2",
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+[^a-z]*$', '') FROM reconciliation_requests FINAL")
        );
    }

    [Fact]
    public async Task A_snapshot_that_was_killed_and_begun_again_deletes_also_what_only_the_first_attempt_found()
    {
        await using var sink = await FilledAsync();
        var killed = Full(epoch: 2, ["users", "events", "bets"], bets: [1, 2, 3]);
        await sink.ReplayAsync(killed[..^1]);
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
        await sink.ReplayAsync(Full(epoch: 2, ["users", "events", "bets"], bets: [1, 3]));
        Assert.Equal(["1|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_later_snapshot_in_the_same_epoch_may_have_read_a_part_and_deletes_nothing()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync(Full(epoch: 2, ["users", "events", "bets"], bets: [1, 2]));
        await sink.ReplayAsync(Full(epoch: 2, ["users", "bets"], bets: [2]));
        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_snapshot_of_a_part_beside_a_running_stream_deletes_nothing()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync([_made.User(9, epoch: "2"), .. Users(epoch: 2, 1, 2)]);
        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
        Assert.Contains(
            "Users before epoch 2",
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+[^a-z]*$', '') FROM reconciliation_requests FINAL")
        );
    }

    [Fact]
    public async Task An_incremental_snapshot_in_a_newer_epoch_deletes_nothing()
    {
        await using var sink = await FilledAsync();
        await sink.ReplayAsync([
            .. Enumerable.Range(1, 2).Select(id => _made.Bet(id, Made.Columns(), op: "r", epoch: "2", snapshot: "incremental")),
        ]);
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task A_snapshot_of_a_part_after_an_incremental_one_deletes_nothing(string epoch)
    {
        await using var sink = epoch == "1" ? await SinkUnderTest.CreateAsync(servers) : await FilledAsync();
        await sink.ReplayAsync([.. ReadBeside(epoch)]);
        await sink.ReplayAsync(Part(epoch, "first", "last"));
        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_snapshot_of_a_part_that_was_killed_before_an_incremental_one_and_is_begun_again_deletes_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(Part("1", "first", "true"));
        await sink.ReplayAsync([.. ReadBeside("1")]);
        await sink.ReplayAsync(Part("1", "first", "last"));
        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_snapshot_of_a_part_deletes_nothing_where_another_table_or_partition_was_streamed_before()
    {
        const long Later = 1_767_225_600_000 + 60_000;
        await using var sink = await FilledAsync();
        await sink.ReplayAsync([_made.Event(1, epoch: "2")]);
        await sink.ReplayAsync([
            .. new[] { "first", "last" }.Select(
                (mark, at) => _made.Bet(at + 1, Made.Columns(), op: "r", epoch: "2", snapshot: mark, committedMs: Later)
            ),
        ]);
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
        Assert.Contains(
            "Bets before epoch 2",
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+[^a-z]*$', '') FROM reconciliation_requests FINAL")
        );
    }

    /// <summary>
    /// Debezium makes the slot, and only then takes the time of its reads. What is committed between the two is streamed, and is earlier by
    /// the clock; a transaction that was open when the slot was made has rows before it in the log as well.
    /// </summary>
    [Theory]
    [InlineData(90_100UL, 90_050UL, 1)]
    [InlineData(89_900UL, 90_050UL, 1)]
    [InlineData(89_900UL, 89_000UL, 3)]
    [InlineData(90_100UL, 89_000UL, 3)]
    public async Task What_is_committed_just_before_the_reads_tells_by_its_place_in_the_log_whether_the_stream_ran_before(
        ulong lsn,
        ulong lastCommit,
        int shown
    )
    {
        const long Reads = 1_767_225_600_000,
            Earlier = Reads - 50;
        await using var sink = await FilledAsync();
        await sink.ApplyStreamedAsync([
            _made.Bet(9, Made.Columns(), epoch: "2", partition: 1, committedMs: Earlier, lsn: lsn, lastCommit: lastCommit),
        ]);
        await sink.ReplayAsync([
            _made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "first", committedMs: Reads, lsn: 90_000),
            _made.Bet(9, Made.Columns(), op: "r", epoch: "2", snapshot: "last", committedMs: Reads, lsn: 90_000),
        ]);

        var rows = await sink.QueryAsync("SELECT bet_id FROM bets_analytics WHERE bet_id <= 3");
        Assert.Equal(shown, rows.Count);
        Assert.Equal(
            shown == 3,
            (await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL")).Exists(id =>
                id.StartsWith("Bets before epoch 2", StringComparison.Ordinal)
            )
        );
    }

    [Fact]
    public async Task Changes_streamed_with_a_lower_LSN_than_the_reads_stay()
    {
        await using var sink = await FilledAsync();
        var snapshot = Full(epoch: 2, ["users", "events", "bets"], bets: [1]);
        var inFlight = _made.Bet(7, Made.Columns(), epoch: "2", lsn: 8);
        await sink.ReplayAsync([.. snapshot, inFlight]);
        Assert.Equal(["1|Ada|Cup", "7|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task An_end_that_was_interrupted_is_settled_by_the_next_attempt()
    {
        await using var sink = await FilledAsync();
        using var batch = sink.Batch(Full(epoch: 2, ["users", "events", "bets"], bets: [1]));
        await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
        var end = Assert.Single(await sink.Snapshots.OpenAsync(CancellationToken.None));
        using var interrupted = new CancellationTokenSource();
        var beats = 0;
        // After the tables were looked at and their ends were written, within the join.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            sink.Settlement.SettleAsync(
                end,
                () =>
                {
                    if (++beats > 3)
                    {
                        interrupted.Cancel();
                        interrupted.Token.ThrowIfCancellationRequested();
                    }
                },
                interrupted.Token
            )
        );
        Assert.Single(await sink.Snapshots.OpenAsync(CancellationToken.None));
        await sink.SettleSnapshotsAsync();
        Assert.Equal(["1|Ada|Cup"], await sink.QueryAsync(Rows));
        Assert.Empty(await sink.Snapshots.OpenAsync(CancellationToken.None));
        // Its record comes again: it stays settled.
        await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
        Assert.Empty(await sink.Snapshots.OpenAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_second_snapshot_in_an_epoch_without_streamed_changes_asks_for_a_reconciliation_and_a_repeated_record_does_not()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var first = Full(epoch: 1, ["users", "events", "bets"], bets: [1, 2, 3]);
        await sink.ReplayAsync(first);
        await sink.ReplayAsync(first);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL"));
        Assert.Equal(0, sink.Readings.Sum("cdcsink.repeated_snapshots"));

        // Bet 2 was deleted while nobody captured. That can only be found out by a comparison.
        await sink.ReplayAsync(Full(epoch: 1, ["users", "events", "bets"], bets: [1, 3]));
        Assert.Equal(3, (await sink.QueryAsync(Rows)).Count);
        Assert.Single(
            await sink.QueryAsync(
                "SELECT id FROM reconciliation_requests FINAL WHERE id LIKE 'snapshot of betting.public.users in epoch 1 at %'"
            )
        );
        Assert.Equal(1, sink.Readings.Sum("cdcsink.repeated_snapshots"));
    }

    [Fact]
    public async Task A_snapshot_of_a_rebuilt_cluster_with_lower_positions_and_the_same_epoch_asks_for_a_reconciliation()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(Full(epoch: 1, ["users", "events", "bets"], bets: [1, 2]));
        await sink.ReplayAsync([_made.Bet(6, Made.Columns(), lsn: 900_000)]);
        await sink.ReplayAsync([_made.Change("bets", "r", $$"""{"id":1,{{Made.Columns()}}}""", """{"id":1}""", "first", lsn: 16_000)]);
        Assert.Equal(
            ["snapshot of betting.public.bets in epoch 1 at 16000"],
            await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL")
        );
    }

    [Fact]
    public async Task Changes_of_a_lower_epoch_that_are_newer_than_a_snapshot_are_told_and_older_ones_are_not()
    {
        const long Later = 1_767_225_600_000 + 60_000;
        await using var sink = await FilledAsync();
        StreamRecord[] before = [_made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "1")];
        await sink.ReplayAsync(Full(epoch: 2, ["users", "events", "bets"], bets: [1, 2, 3]));
        await sink.ReplayAsync(before);
        Assert.Equal(0, sink.Readings.Sum("cdcsink.lower_epochs"));

        await sink.ReplayAsync([_made.Bet(2, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "1", committedMs: Later)]);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.lower_epochs"));
        Assert.Equal(
            ["epoch 1 of Bets after epoch 2"],
            await sink.QueryAsync(
                "SELECT replaceRegexpOne(id, ' at [0-9]+[^a-z]*$', '') FROM reconciliation_requests FINAL WHERE id LIKE '%after epoch%'"
            )
        );
    }

    [Fact]
    public async Task Changes_of_a_lower_epoch_are_told_also_where_the_newer_one_began_without_a_snapshot()
    {
        await using var sink = await FilledAsync();
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T00:00:10+00:00", epoch: "2")]);
        await sink.ReplayAsync([
            _made.Bet(2, Made.Columns("\"status\":\"SETTLED\""), op: "u", epoch: "1", committedMs: 1_767_225_600_000 + 60_000),
        ]);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.lower_epochs"));
    }

    [Fact]
    public async Task A_change_that_ClickHouse_acknowledged_and_lost_is_told()
    {
        await using var sink = await FilledAsync();
        Assert.Equal(0, sink.Readings.Sum("cdcsink.lost_changes"));
        await sink.QueryAsync("TRUNCATE TABLE bet_changes");

        await sink.ReplayAsync([_made.Bet(4, Made.Columns())]);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.lost_changes"));
        Assert.Single(
            await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL WHERE id LIKE 'change % of Bets 3 is gone at %'")
        );
        await sink.ReplayAsync([_made.Bet(5, Made.Columns())]);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.lost_changes"));
    }

    [Fact]
    public async Task A_snapshot_of_a_part_after_the_stream_deletes_nothing_though_the_clock_was_ahead_before_it()
    {
        await using var sink = await FilledAsync();
        // Two hours ahead; another partition than that of the reads, which are of one bet, at the right time.
        await sink.ApplyStreamedAsync([
            _made.Watermark("2026-01-01T02:00:00+00:00", epoch: "2"),
            _made.Bet(2, Made.Columns("\"user_id\":2"), op: "u", epoch: "2", committedMs: 1_767_225_600_000 + 7_200_000, partition: 1),
        ]);
        await sink.ReplayAsync([
            _made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "first"),
            _made.Bet(1, Made.Columns(), op: "r", epoch: "2", snapshot: "last"),
        ]);

        Assert.Equal(["1|Ada|Cup", "2|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_log_that_goes_back_in_the_same_epoch_is_told_and_a_watermark_that_is_read_again_is_not()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] watermarks =
        [
            _made.Watermark("2026-01-01T10:00:00+00:00", lsn: 1_000_000),
            _made.Watermark("2026-01-01T11:00:00+00:00", lsn: 2_000_000),
        ];
        await sink.ApplyStreamedAsync(watermarks);
        await sink.ApplyStreamedAsync(watermarks[..1]);
        // A connector that was killed sends it again, behind the others.
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T10:00:00+00:00", lsn: 1_000_000)]);
        Assert.Equal(0, sink.Readings.Sum("cdcsink.log_went_back"));

        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T11:30:00+00:00", lsn: 1_500_000)], keepsPartitions: true);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.log_went_back"));
        Assert.Equal(
            ["the log of epoch 1 went back at 1500000, 2026-01-01 11:30:00.000000"],
            await sink.QueryAsync("SELECT id FROM reconciliation_requests FINAL")
        );
        // The log goes on from there, below what it was.
        await sink.ApplyStreamedAsync(
            [_made.Watermark("2026-01-01T11:30:01+00:00", lsn: 1_500_100), _made.Watermark("2026-01-01T11:30:02+00:00", lsn: 1_500_200)],
            keepsPartitions: true
        );
        Assert.Equal(1, sink.Readings.Sum("cdcsink.log_went_back"));
        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T11:30:00+00:00", epoch: "2", lsn: 1_000)], keepsPartitions: true);
        Assert.Equal(1, sink.Readings.Sum("cdcsink.log_went_back"));
        // The clock of the replica that was promoted may be behind.
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T10:59:00+00:00", lsn: 1_400_000)], keepsPartitions: true);
        Assert.Equal(2, sink.Readings.Sum("cdcsink.log_went_back"));
        Assert.Equal(
            ["the log of epoch 1 went back at 1400000, 2026-01-01 10:59:00.000000"],
            await sink.QueryAsync("SELECT id FROM holds")
        );
        // Within one batch.
        await sink.ApplyStreamedAsync(
            [_made.Watermark("2026-01-01T11:00:01+00:00", lsn: 1_450_000), _made.Watermark("2026-01-01T11:00:02+00:00", lsn: 1_420_000)],
            keepsPartitions: true
        );
        Assert.Equal(3, sink.Readings.Sum("cdcsink.log_went_back"));
    }

    [Fact]
    public async Task Snapshots_of_two_tables_at_the_same_position_are_both_settled()
    {
        await using var sink = await FilledAsync();
        StreamRecord[] users =
        [
            .. new[] { 1, 3 }.Select(
                (id, at) =>
                    _made.Change(
                        "users",
                        "r",
                        $$"""{"id":{{id}},"name":"Ada","created_at":"2025-01-01T00:00:00.000000Z"}""",
                        $$"""{"id":{{id}}}""",
                        at == 0 ? "first" : "last",
                        epoch: "2",
                        lsn: 16_000
                    )
            ),
        ];
        StreamRecord[] bets =
        [
            .. new[] { 1, 3 }.Select(
                (id, at) =>
                    _made.Change(
                        "bets",
                        "r",
                        $$"""{"id":{{id}},{{Made.Columns($"\"user_id\":{id}")}}}""",
                        $$"""{"id":{{id}}}""",
                        at == 0 ? "first" : "last",
                        epoch: "2",
                        lsn: 16_000
                    )
            ),
        ];
        foreach (var snapshot in new[] { users, bets })
        {
            using var batch = sink.Batch(snapshot);
            await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
            await sink.SettleSnapshotsAsync();
        }
        Assert.Equal(["1|Ada|Cup", "3|Ada|Cup"], await sink.QueryAsync(Rows));
    }

    async Task<SinkUnderTest> FilledAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([_made.User(1), _made.User(2), _made.User(3), _made.Event(1), .. Enumerable.Range(1, 3).Select(Bet)]);
        return sink;

        StreamRecord Bet(int id) => _made.Bet(id, Made.Columns($"\"user_id\":{id.ToString(CultureInfo.InvariantCulture)}"));
    }

    /// <summary>Users 1 to 3, event 1 and bets 1 to 3, read by an incremental snapshot.</summary>
    IEnumerable<StreamRecord> ReadBeside(string epoch) =>
        [
            .. Enumerable.Range(1, 3).Select(id => _made.User(id, op: "r", epoch: epoch, snapshot: "incremental")),
            _made.Change(
                "events",
                "r",
                """{"id":1,"name":"Cup","category":"football","start_time":"2026-02-01T00:00:00.000000Z","status":"LIVE"}""",
                """{"id":1}""",
                "incremental",
                epoch: epoch
            ),
            .. Enumerable
                .Range(1, 3)
                .Select(id =>
                    _made.Bet(
                        id,
                        Made.Columns($"\"user_id\":{id.ToString(CultureInfo.InvariantCulture)}"),
                        op: "r",
                        epoch: epoch,
                        snapshot: "incremental"
                    )
                ),
        ];

    /// <summary>Reads of user 1 and bet 1 alone.</summary>
    StreamRecord[] Part(string epoch, string first, string last) =>
        [_made.User(1, op: "r", epoch: epoch, snapshot: first), _made.Bet(1, Made.Columns(), op: "r", epoch: epoch, snapshot: last)];

    StreamRecord[] Users(int epoch, params int[] ids) =>
        [
            .. ids.Select(
                (id, at) =>
                    User(
                        id,
                        epoch,
                        at == 0 ? "first"
                            : at == ids.Length - 1 ? "last"
                            : "true"
                    )
            ),
        ];

    StreamRecord User(int id, int epoch, string snapshot) =>
        _made.User(id, op: "r", epoch: epoch.ToString(CultureInfo.InvariantCulture), snapshot: snapshot);

    /// <summary>A snapshot of users 1 to 3, event 1 and these bets, each where the order has its table.</summary>
    StreamRecord[] Full(int epoch, string[] order, int[] bets)
    {
        var reads = order
            .SelectMany(table =>
                table switch
                {
                    "users" => Enumerable.Range(1, 3).Select(id => (Func<string, StreamRecord>)(mark => User(id, epoch, mark))),
                    "events" =>
                    [
                        mark =>
                            _made.Change(
                                "events",
                                "r",
                                """{"id":1,"name":"Cup","category":"football","start_time":"2026-02-01T00:00:00.000000Z","status":"LIVE"}""",
                                """{"id":1}""",
                                mark,
                                epoch: epoch.ToString(CultureInfo.InvariantCulture)
                            ),
                    ],
                    _ => bets.Select(id =>
                        (Func<string, StreamRecord>)(
                            mark =>
                                _made.Bet(
                                    id,
                                    Made.Columns($"\"user_id\":{id.ToString(CultureInfo.InvariantCulture)}"),
                                    op: "r",
                                    epoch: epoch.ToString(CultureInfo.InvariantCulture),
                                    snapshot: mark
                                )
                        )
                    ),
                }
            )
            .ToList();
        return
        [
            .. reads.Select(
                (read, at) =>
                    read(
                        at == 0 ? "first"
                        : at == reads.Count - 1 ? "last"
                        : "true"
                    )
            ),
        ];
    }
}
