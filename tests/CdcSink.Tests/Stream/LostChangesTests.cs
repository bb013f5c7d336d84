using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>Tables of ClickHouse that were restored from different moments while no sink ran.</summary>
public sealed class LostChangesTests(Servers servers)
{
    const string Live = "\"name\":\"Cup\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"LIVE\"";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Theory]
    [InlineData("ALTER TABLE bet_changes DELETE WHERE id = 2", true)]
    [InlineData("ALTER TABLE bets_analytics_rows DELETE WHERE bet_id = 2", true)]
    [InlineData("ALTER TABLE bet_changes DELETE WHERE id = 1", false)]
    [InlineData("SELECT 1", false)]
    public async Task The_last_change_of_a_partition_is_looked_for_when_it_begins(string damage, bool isTold)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2)]);
            await BetsAsync(sink, "1,2");
            Assert.True(await worker.StopAsync(Limit));
        }
        await sink.QueryAsync(damage + (damage.StartsWith("ALTER", StringComparison.Ordinal) ? " SETTINGS mutations_sync = 2" : ""));
        await using var again = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(3)]);
        await Deadline.UntilAsync("the next bet", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 3"))[0] == "1"
        );

        Assert.Equal(
            isTold ? ["1"] : ["0"],
            await sink.QueryAsync("SELECT count() FROM holds WHERE id LIKE 'change % of Bets 2 is gone at %'")
        );
        Assert.Equal(isTold, KafkaStream.Said(again).Contains("does not have it any more", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bets_analytics_rows DELETE WHERE event_version >= (SELECT max(version) FROM event_changes)", true)]
    [InlineData("event_changes DELETE WHERE version = (SELECT max(version) FROM event_changes)", true)]
    [InlineData("bets_analytics_rows DELETE WHERE bet_id = 1", false)]
    public async Task Rows_from_before_the_last_change_of_an_event_are_told(string damage, bool isTold)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([_made.Event(1), Bet(1), Bet(2)]);
            await BetsAsync(sink, "1,2");
            await stream.SendAsync([_made.Event(1, Live, op: "u")]);
            await Deadline.UntilAsync("the event", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE event_status = 'LIVE'"))[0] == "2"
            );
            Assert.True(await worker.StopAsync(Limit));
        }
        await sink.QueryAsync($"ALTER TABLE {damage} SETTINGS mutations_sync = 2");
        await using var again = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(3)]);
        await Deadline.UntilAsync("the next bet", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 3"))[0] == "1"
        );
        Assert.Equal(
            isTold ? ["1"] : ["0"],
            await sink.QueryAsync("SELECT count() FROM holds WHERE id LIKE 'change % of Events 1 is gone at %'")
        );
    }

    [Fact]
    public async Task A_change_that_is_lost_again_after_a_run_has_answered_holds_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2)]);
            await BetsAsync(sink, "1,2");
            Assert.True(await worker.StopAsync(Limit));
        }
        await sink.QueryAsync("ALTER TABLE bet_changes DELETE WHERE id = 2 SETTINGS mutations_sync = 2");
        for (var loss = 1; loss <= 2; loss++)
        {
            await using var again = stream.StartWorker(sink.ConnectionString);
            await Deadline.UntilAsync("the hold", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM holds WHERE id LIKE 'change % of Bets 2 is gone at %'"))[0] == "1"
            );
            Assert.True(await again.StopAsync(Limit));
            // As the Reconciler answers.
            await sink.QueryAsync(
                "INSERT INTO reconciliation_requests (id, reason, answered) SELECT id, reason, 2 FROM reconciliation_requests FINAL"
            );
            Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM holds"));
        }
    }

    [Fact]
    public async Task A_change_that_is_lost_brought_back_and_lost_again_holds_again_in_a_sink_that_goes_on_running()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var change = _made.Bet(1, Made.Columns());
        await sink.ApplyStreamedAsync([change]);
        for (var loss = 1; loss <= 2; loss++)
        {
            await sink.QueryAsync("ALTER TABLE bet_changes DELETE WHERE id = 1 SETTINGS mutations_sync = 2");
            await sink.ApplyStreamedAsync([_made.Bet(1 + loss, Made.Columns())]);
            Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM holds WHERE id LIKE 'change % of Bets 1 is gone at %'"));
            await sink.QueryAsync(
                "INSERT INTO reconciliation_requests (id, reason, answered) SELECT id, reason, 2 FROM reconciliation_requests FINAL"
            );
            await sink.ApplyStreamedAsync([change]);
        }
        Assert.Equal(2, sink.Readings.Sum("cdcsink.lost_changes"));
    }

    [Fact]
    public async Task A_bet_that_was_deleted_last_is_not_missed()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2), _made.Delete("bets", 2)]);
            await BetsAsync(sink, "1");
            await Deadline.UntilAsync("the deletion", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM bet_changes WHERE deleted"))[0] == "1"
            );
            Assert.True(await worker.StopAsync(Limit));
        }
        await using var again = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(3)]);
        await BetsAsync(sink, "1,3");
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM holds"));
    }

    [Theory]
    [InlineData("bets", 2, "Bets")]
    [InlineData("users", 1, "Users")]
    public async Task Rows_from_before_a_deletion_are_told(string table, long id, string told)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([_made.User(1), Bet(1), Bet(2)]);
            await Deadline.UntilAsync("both bets with their user", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE user_name != ''"))[0] == "2"
            );
            await sink.QueryAsync("CREATE TABLE before AS bets_analytics_rows");
            await sink.QueryAsync("INSERT INTO before SELECT * FROM bets_analytics_rows");
            await stream.SendAsync([_made.Delete(table, id)]);
            await Deadline.UntilAsync("the deletion", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE user_name != ''"))[0] != "2"
            );
            Assert.True(await worker.StopAsync(Limit));
        }
        await sink.QueryAsync("TRUNCATE TABLE bets_analytics_rows");
        await sink.QueryAsync("INSERT INTO bets_analytics_rows SELECT * FROM before");
        await using var again = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("the hold", Limit, async () =>
            (await sink.QueryAsync($"SELECT count() FROM holds WHERE id LIKE 'change % of {told} {id} is gone at %'"))[0] == "1"
        );
    }

    [Fact]
    public async Task A_record_that_was_put_aside_last_is_not_missed()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await sink.QueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT refused CHECK id NOT IN (13)");
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1)]);
            await BetsAsync(sink, "1");
            await stream.SendAsync([Bet(13)]);
            await Deadline.UntilAsync("a dead letter", Limit, () => Task.FromResult(stream.DeadLetters(stream.Bets).Any()));
            Assert.True(await worker.StopAsync(Limit));
        }
        Assert.Equal(
            ["1"],
            await sink.QueryAsync($"SELECT change_id FROM sink_progress FINAL WHERE topic = '{stream.Bets}' AND change_version > 0")
        );
        await using var again = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(3)]);
        await BetsAsync(sink, "1,3");
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM holds"));
    }

    StreamRecord Bet(long id) => _made.Bet(id, Made.Columns());

    static Task BetsAsync(SinkUnderTest sink, string ids) =>
        Deadline.UntilAsync($"bets {ids}", Limit, async () =>
            (await sink.QueryAsync("SELECT arrayStringConcat(arraySort(groupArray(bet_id)), ',') FROM bets_analytics"))[0] == ids
        );
}
