using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Write;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>What ClickHouse refuses, provoked on the real engine: nothing is lost, nothing goes twice, nothing is tried for ever.</summary>
public sealed class RefusalTests(Servers servers)
{
    const int Bets = 64;
    const string Count = "SELECT count(), uniqExact(bet_id) FROM bets_analytics";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_record_that_ClickHouse_alone_refuses_goes_alone_and_all_others_are_applied()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT never CHECK id NOT IN (13, 40)");
        var records = Records();

        await sink.ReplayAsync(records);

        Assert.Equal([$"{Bets - 2}|{Bets - 2}"], await sink.QueryAsync(Count));
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id IN (13, 40)"));
        Assert.Equal(
            [(13, DeadLetter.RefusedByClickHouse, "469"), (40, DeadLetter.RefusedByClickHouse, "469")],
            sink.DeadLetters.Select(letter => (records.IndexOf(letter.Record), letter.Reason, letter.Field))
        );
        Assert.Equal(2, sink.Readings.Of("cdcsink.dead_letters", $"topic={records[^1].Topic},reason={DeadLetter.RefusedByClickHouse}"));
        // Every record is read once, however often its batch is halved.
        Assert.Equal(Bets, sink.Readings.Of("cdcsink.records", $"topic={records[^1].Topic},kind=RowChange"));
    }

    [Fact]
    public async Task A_table_that_refuses_everything_is_no_records_fault_and_ends_the_worker()
    {
        await using var sink = await SinkUnderTest.CreateAsync(
            servers,
            new CdcSinkOptions { BatchRecords = 20, RetryPause = TimeSpan.FromMilliseconds(10) }
        );
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT never CHECK id < 0");
        var made = new Made();

        var refused = await Assert.ThrowsAsync<ClickHouseRefusedException>(() =>
            sink.ReplayAsync(Enumerable.Range(1, RefusedInARow.Most + 20).Select(id => made.Bet(id, Made.Columns())))
        );

        Assert.Contains("469 (VIOLATED_CONSTRAINT)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(RefusedInARow.Most, sink.DeadLetters.Count);
    }

    [Fact]
    public async Task A_batch_that_is_too_much_for_the_memory_limit_is_halved_and_nothing_is_put_aside()
    {
        await using var sink = await SinkUnderTest.CreateAsync(
            servers,
            new CdcSinkOptions { JoinBets = 100_000 },
            settings: "set_max_memory_usage=40000000"
        );
        var made = new Made();
        var name = new string('x', 100_000);

        await sink.ReplayAsync([
            made.Event(1),
            .. Enumerable.Range(1, 400).Select(id => made.User(id, $"\"name\":\"{name}\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"")),
        ]);

        Assert.Equal(["400"], await sink.QueryAsync("SELECT uniqExact(id) FROM user_changes"));
        Assert.Empty(sink.DeadLetters);
        Assert.True(sink.Readings.Of("cdcsink.retries", "code=241") > 0, "the limit was never reached");
    }

    [Fact]
    public async Task Too_many_parts_are_waited_for_and_the_same_batch_is_applied_once()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(100) });
        await sink.ReplayAsync([new Made().User(1)]);
        await sink.Client.ExecuteNonQueryAsync(
            "ALTER TABLE bet_changes MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1, max_delay_to_insert = 1"
        );
        await sink.Client.ExecuteNonQueryAsync("INSERT INTO bet_changes (id, version) VALUES (999, 1)");
        await EnduredAsync(sink, "252", () =>
            sink.Client.ExecuteNonQueryAsync(
                "ALTER TABLE bet_changes RESET SETTING parts_to_delay_insert, parts_to_throw_insert, max_delay_to_insert"
            )
        );
    }

    [Fact]
    public async Task A_full_disk_is_waited_for()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(100) });
        // As much room as no disk has: what ClickHouse says is what it says of one that is full.
        await sink.Client.ExecuteNonQueryAsync(
            "ALTER TABLE bet_changes MODIFY SETTING min_free_disk_bytes_to_perform_insert = 4000000000000000000"
        );
        await EnduredAsync(sink, "243", () =>
            sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes RESET SETTING min_free_disk_bytes_to_perform_insert")
        );
    }

    [Fact]
    public async Task A_table_that_is_read_only_is_waited_for()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(100) });
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes MODIFY SETTING table_readonly = 1");
        await EnduredAsync(sink, "774", () => sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes RESET SETTING table_readonly"));
    }

    [Fact]
    public async Task A_missing_table_ends_the_worker_with_one_line_that_says_what_to_do()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bet_changes");

        var refused = await Assert.ThrowsAsync<ClickHouseRefusedException>(() => sink.ReplayAsync(Records()));

        Assert.Equal(
            "ClickHouse refuses with 60 (UNKNOWN_TABLE): its schema is not this version's, or a part of it is lost: CdcSink "
                + "migrate says which, docs/runbooks/cdcsink.md#a-table-or-view-of-clickhouse-is-lost what to do",
            refused.Message
        );
        Assert.Empty(sink.DeadLetters);
        Assert.Equal(1, sink.Readings.Of("cdcsink.retries", "code=60"));
    }

    // PeerDB#4746: "normalise succeeds without inserting".
    [Fact]
    public async Task When_a_batch_is_said_to_be_applied_its_rows_are_there()
    {
        // A profile that lets ClickHouse acknowledge before it has inserted anything must not reach the sink.
        await using var sink = await SinkUnderTest.CreateAsync(
            servers,
            settings: "set_async_insert=1;set_wait_for_async_insert=0;set_async_insert_busy_timeout_max_ms=60000;set_async_insert_busy_timeout_min_ms=60000"
        );
        var made = new Made();
        for (var batch = 0; batch < 10; batch++)
        {
            using var applied = sink.Batch(Enumerable.Range(1 + batch * 50, 50).Select(id => made.Bet(id, Made.Columns())));
            await sink.Applier.ApplyAsync(applied, Task.CompletedTask, CancellationToken.None);

            Assert.Equal(
                [$"{(batch + 1) * 50}|{(batch + 1) * 50}"],
                await sink.QueryAsync("SELECT count(), uniqExact(id) FROM bet_changes")
            );
            Assert.Equal([$"{(batch + 1) * 50}|{(batch + 1) * 50}"], await sink.QueryAsync(Count));
        }
    }

    /// <summary>
    /// Records are applied once the trouble is mended, after attempts whose number is bounded; nobody else is to blame meanwhile.
    /// </summary>
    static async Task EnduredAsync(SinkUnderTest sink, string code, Func<Task> mend)
    {
        var started = TimeProvider.System.GetTimestamp();
        var applying = sink.ReplayAsync(Records());
        await Deadline.UntilAsync("five attempts", Limit, () => Task.FromResult(sink.Readings.Of("cdcsink.retries", $"code={code}") >= 5));
        // From 75 ms on, however fast it fails.
        Assert.True(
            sink.Readings.Of("cdcsink.retries", $"code={code}") <= TimeProvider.System.GetElapsedTime(started).TotalMilliseconds / 75,
            "attempts are not bounded"
        );
        Assert.False(applying.IsCompleted);
        await mend();
        await applying.WaitAsync(Limit);

        Assert.Equal([$"{Bets}|{Bets}"], await sink.QueryAsync(Count));
        Assert.Empty(sink.DeadLetters);
    }

    static List<StreamRecord> Records()
    {
        var made = new Made();
        return [made.Event(1), .. Enumerable.Range(1, Bets).Select(id => made.Bet(id, Made.Columns()))];
    }
}
