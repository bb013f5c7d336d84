using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Snapshots in a new epoch, while somebody counts what ClickHouse shows: behind real Kafka and real Debezium where REAL_KAFKA is in the
/// environment, else behind the stand-ins.
/// </summary>
[Trait("Category", "real")]
public sealed class SnapshotTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task No_bet_disappears_when_users_alone_are_read_again_in_a_new_epoch()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 500);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 500);

        // The stand-in has no snapshot of one table: there all tables are read again.
        if (await stage.Stream.TryRaiseEpochAsync(2))
        {
            await Deadline.UntilAsync("a record of epoch 2", Patience, async () =>
                await stage.CountAsync("SELECT count() FROM watermarks WHERE bitShiftRight(version, 57) = 2") > 0
            );
            Assert.True(await stage.Stream.TryReadAgainAsync("users"));
        }
        else
        {
            await stage.Stream.StopCaptureAsync();
            await stage.CaptureAsync(server, epoch: 2);
        }
        await UntilReadAgainAsync(stage, "user_changes", rows: 50, neverFewerThan: 500);

        await ChangeAsync(postgres);
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.True(await Expected.AssertEqualsAsync(stage.ClickHouse, postgres) > 400);
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task No_bet_disappears_when_a_part_is_read_again_after_a_snapshot_beside_the_stream()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 500);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 500);

        // The stand-in has neither kind: there a snapshot reads everything.
        if (await stage.Stream.TryRaiseEpochAsync(2))
        {
            await Deadline.UntilAsync("a record of epoch 2", Patience, async () =>
                await stage.CountAsync("SELECT count() FROM watermarks WHERE bitShiftRight(version, 57) = 2") > 0
            );
            Assert.True(await stage.Stream.TryReadAgainAsync("bets", beside: true));
            await Deadline.UntilAsync("the reads beside the stream", Patience, async () =>
                await stage.CountAsync("SELECT count() FROM bet_changes FINAL WHERE bitShiftRight(version, 57) = 2") == 500
            );
            Assert.True(await stage.Stream.TryReadAgainAsync("bets", condition: "id <= 10"));
        }
        else
        {
            await stage.Stream.StopCaptureAsync();
            await stage.CaptureAsync(server, epoch: 2);
        }
        await UntilReadAgainAsync(stage, "bet_changes", rows: 500, neverFewerThan: 500);

        await ChangeAsync(postgres);
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.True(await Expected.AssertEqualsAsync(stage.ClickHouse, postgres) > 400);
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task Never_fewer_bets_are_shown_than_there_are_while_20_000_are_read_again_in_a_new_epoch()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1, batchRecords: 1000);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 20_000);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 20_000);
        await stage.Stream.StopCaptureAsync();

        await stage.CaptureAsync(server, epoch: 2);
        await UntilReadAgainAsync(stage, "bet_changes", rows: 20_000, neverFewerThan: 20_000);

        await ChangeAsync(postgres);
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.True(await Expected.AssertEqualsAsync(stage.ClickHouse, postgres) > 19_000);
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task A_new_epoch_that_is_taken_while_PostgreSQL_is_written_to_deletes_what_PostgreSQL_has_lost()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 500);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 500);
        for (var epoch = 2; epoch <= 4; epoch++)
        {
            await stage.Stream.StopCaptureAsync();
            await Deadline.UntilAsync("a slot that nobody uses", Patience, async () => await DroppedAsync(postgres));
            await using (var lose = postgres.CreateCommand($"DELETE FROM bets WHERE id <= {5 * epoch}"))
            {
                await lose.ExecuteNonQueryAsync();
            }
            using var enough = new CancellationTokenSource();
            var writing = Task.WhenAll(Enumerable.Range(0, 3).Select(writer => WriteAsync(postgres, (10 * epoch) + writer, enough.Token)));

            await stage.CaptureAsync(server, epoch);

            var settled =
                $"SELECT count() FROM snapshot_markers FINAL WHERE bitShiftRight(version, 57) = {epoch} AND marker = 'last' "
                + $"AND settled = 1";
            await Deadline.UntilAsync($"the snapshot of epoch {epoch}", Patience, async () => await stage.CountAsync(settled) > 0);
            await enough.CancelAsync();
            await writing;
            await stage.EverythingHasArrivedAsync(postgres);
            Assert.True(await Expected.AssertEqualsAsync(stage.ClickHouse, postgres) > 400);
            Assert.Equal(0, await stage.CountAsync("SELECT count() FROM reconciliation_requests WHERE id LIKE '%before epoch%'"));
        }
        Assert.Empty(stage.Ended);
    }

    /// <summary>
    /// The connection is lost while a blocking snapshot reads: Debezium streams on, and each position that it stores still names the
    /// snapshot. The stand-in has no such snapshot: there the stream alone is cut off.
    /// </summary>
    [Fact]
    public async Task A_blocking_snapshot_that_is_cut_off_does_not_hold_what_is_proven()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1, batchRecords: 1000);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 20_000);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 20_000);
        await Deadline.UntilAsync("a watermark", Patience, async () =>
            await stage.CountAsync("SELECT count() FROM visible_watermarks") > 0
        );

        await Deadline.UntilAsync("a snapshot that is cut off", Patience, async () =>
        {
            if (await stage.Stream.TryReadAgainAsync("bets"))
            {
                await Deadline.UntilAsync("the snapshot's query", TimeSpan.FromSeconds(30), async () =>
                    await NumberAsync(
                        postgres,
                        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ILIKE 'select%from "
                            + "\"public\".\"bets\"%'"
                    ) > 0
                );
            }
            return await NumberAsync(
                    postgres,
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'walsender'"
                ) > 0;
        });
        await ChangeAsync(postgres);
        var cut = await NumberAsync(postgres, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");

        await Deadline.UntilAsync("a later watermark that is visible", Patience, async () =>
            await stage.CountAsync($"SELECT count() FROM visible_watermarks WHERE toUnixTimestamp64Micro(as_of) > {cut}") > 0
        );
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.True(await Expected.AssertEqualsAsync(stage.ClickHouse, postgres) > 19_000);
        // Debezium marks the changes after it as the snapshot's.
        Assert.Equal(0, await stage.CountAsync("SELECT count() FROM snapshot_markers WHERE marker = 'read' AND bitTest(version, 56)"));
        Assert.Empty(stage.Ended);
    }

    /// <summary>
    /// The task that made the slot takes it: Debezium gives its reads the LSN of the initial ones. The stand-in has no such snapshot.
    /// </summary>
    [Fact]
    public async Task A_blocking_snapshot_leaves_the_past_as_it_was()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database));
        await FillAsync(postgres, bets: 50);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("all bets", Patience, async () => await ShownAsync(stage) == 50);
        await ChangeAsync(postgres);
        var past = await NumberAsync(postgres, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
        await Deadline.UntilAsync("a later watermark", Patience, async () =>
            await stage.CountAsync($"SELECT count() FROM visible_watermarks WHERE toUnixTimestamp64Micro(as_of) > {past}") > 0
        );

        var isReadAgain = await stage.Stream.TryReadAgainAsync("bets");

        var snapshots = isReadAgain ? 2 : 1;
        await Deadline.UntilAsync("the snapshot", Patience, async () =>
            await stage.CountAsync("SELECT uniqExact(version) FROM bet_changes WHERE NOT bitTest(version, 56)") == snapshots
            && await stage.CountAsync("SELECT count() FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = 1") == snapshots
        );
        await stage.ClickHouse.ExecuteNonQueryAsync("OPTIMIZE TABLE bet_changes FINAL");
        Assert.Equal(49, await stage.CountAsync($"SELECT count() FROM bets_as_of(moment = {past})"));
        Assert.Equal(
            isReadAgain ? 1 : 0,
            await stage.CountAsync("SELECT uniqExact(id) FROM reconciliation_requests WHERE startsWith(id, 'snapshot of ')")
        );
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.Equal(49, await Expected.AssertEqualsAsync(stage.ClickHouse, postgres));
        Assert.Empty(stage.Ended);
    }

    static async Task<long> NumberAsync(NpgsqlDataSource postgres, string sql)
    {
        await using var question = postgres.CreateCommand(sql);
        return (long)(await question.ExecuteScalarAsync())!;
    }

    // False while its walsender has not ended.
    static async Task<bool> DroppedAsync(NpgsqlDataSource postgres)
    {
        await using var drop = postgres.CreateCommand(
            "SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE NOT active"
        );
        await drop.ExecuteNonQueryAsync();
        await using var left = postgres.CreateCommand("SELECT count(*) = 0 FROM pg_replication_slots");
        return (bool)(await left.ExecuteScalarAsync())!;
    }

    // Some hundred small transactions a second.
    static async Task WriteAsync(NpgsqlDataSource postgres, int writer, CancellationToken enough)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        for (var bet = (1_000_000 * writer) + 1; !enough.IsCancellationRequested; bet++)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            await using var place = postgres.CreateCommand(
                $"INSERT INTO bets VALUES ({bet}, {1 + (bet % 50)}, {1 + (bet % 20)}, 'OPEN', 1.00, NULL, now(), NULL)"
            );
            await place.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    static async Task UntilReadAgainAsync(LiveStage stage, string table, int rows, int neverFewerThan)
    {
        await Deadline.UntilAsync("the snapshot of epoch 2", Patience, async () =>
        {
            var shown = await ShownAsync(stage);
            Assert.True(shown >= neverFewerThan, $"{shown} bets are shown of {neverFewerThan}");
            return await stage.CountAsync($"SELECT count() FROM {table} FINAL WHERE bitShiftRight(version, 57) = 2") >= rows
                && await stage.CountAsync(
                    "SELECT count() FROM snapshot_markers FINAL WHERE bitShiftRight(version, 57) = 2 AND marker = 'last' AND settled = 1"
                ) > 0;
        });
        Assert.Equal(neverFewerThan, await ShownAsync(stage));
    }

    static Task<long> ShownAsync(LiveStage stage) => stage.CountAsync("SELECT count() FROM bets_analytics");

    static async Task FillAsync(NpgsqlDataSource postgres, int bets)
    {
        await using var fill = postgres.CreateCommand(
            $"""
            INSERT INTO users SELECT n, 'User ' || n, now() FROM generate_series(1, 50) n;
            INSERT INTO events SELECT n, 'Event ' || n, 'Tennis', now(), 'SCHEDULED' FROM generate_series(1, 20) n;
            INSERT INTO bets SELECT n, 1 + n % 50, 1 + n % 20, 'OPEN', 1.00, NULL, now(), NULL FROM generate_series(1, {bets}) n
            """
        );
        await fill.ExecuteNonQueryAsync();
    }

    /// <summary>What comes after the snapshot has its effect as well: rows change, come and go.</summary>
    static async Task ChangeAsync(NpgsqlDataSource postgres)
    {
        await using var change = postgres.CreateCommand(
            """
            UPDATE users SET name = 'Renamed' WHERE id % 3 = 0;
            UPDATE bets SET status = 'SETTLED', payout = 0, settled_at = now() WHERE id % 10 = 0;
            DELETE FROM bets WHERE id % 100 = 7
            """
        );
        await change.ExecuteNonQueryAsync();
    }
}
