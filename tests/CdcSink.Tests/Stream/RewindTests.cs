using System.Globalization;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class RewindTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    readonly Made _made = new();

    [Fact]
    public async Task Under_traffic_with_two_replicas_of_which_one_is_killed_everything_is_read_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var recording = Recordings.File("churn-3.6");
        var records = Archive.Read(recording).ToList();
        await using var first = stream.StartWorker(sink.ConnectionString);
        await using var second = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync(records[..3000]);
        await Deadline.UntilAsync("the first part", Limit, () => stream.IsVisibleAsync(sink));
        // What only reading again can bring back.
        foreach (
            var table in new[] { "user_changes", "event_changes", "bet_changes", "bets_by_user", "bets_by_event", "bets_analytics_rows" }
        )
        {
            await sink.QueryAsync($"TRUNCATE TABLE {table}");
        }
        await using var rewind = stream.Start(sink.ConnectionString, "rewind", "--to", "beginning", $"--CdcSink:Group={stream.Prefix}");
        await stream.SendAsync(records[3000..4000]);
        await Deadline.UntilAsync("a replica that obeys", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM rewinds FINAL WHERE begun = 1"))[0] != "0"
        );
        await first.KillAsync();
        await stream.SendAsync(records[4000..]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        Assert.True(await rewind.ExitedWithinAsync(Limit), KafkaStream.Said(rewind));
        Assert.True(rewind.ExitCode == 0, KafkaStream.Said(rewind));
        Assert.Contains("everything has been read again", KafkaStream.Said(rewind), StringComparison.Ordinal);
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal("0", (await sink.QueryAsync("SELECT count() FROM rewinds FINAL WHERE begun = 0"))[0]);
    }

    [Fact]
    public async Task A_place_is_found_by_offset_time_and_LSN_and_nothing_is_skipped_unless_asked_for()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        string moment;
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1, 0x10008), Bet(2, 0x10018)]);
            await Deadline.UntilAsync("two bets", Limit, () => stream.IsVisibleAsync(sink));
            moment = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
            await stream.SendAsync([Bet(3, 0x10010), Bet(4, 0x10020)]);
            await Deadline.UntilAsync("four bets", Limit, () => stream.IsVisibleAsync(sink));
            Assert.Contains(
                $"{stream.Bets}/0 back to 2: 2 records again",
                await DryAsync(stream, sink, "--to", moment, "--table", "bets"),
                StringComparison.Ordinal
            );
            // Transactions commit in another order than they write: the first record that stands there or behind counts.
            Assert.Contains(
                $"{stream.Bets}/0 back to 1: 3 records again",
                await DryAsync(stream, sink, "--to", "0/10010", "--table", "bets"),
                StringComparison.Ordinal
            );
            Assert.Contains(
                $"{stream.Bets}/0 stays at 4",
                await DryAsync(stream, sink, "--to", "0/F0000", "--table", "bets"),
                StringComparison.Ordinal
            );
            var (code, said) = await stream.VerbAsync(sink.ConnectionString, "rewind", "--to", "1", "--table", "bets", "--partition", "0");
            Assert.True(code == 0, said);
            Assert.Contains(
                $"{stream.Bets}/0 is read again from 1, as a rewind ordered",
                KafkaStream.Said(worker),
                StringComparison.Ordinal
            );
            Assert.Equal(4, stream.Committed(stream.Bets, 0));
            Assert.True(await worker.StopAsync(Limit));
        }
        Assert.Equal(78, (await stream.VerbAsync(sink.ConnectionString, "rewind", "--to", "1")).ExitCode);
        Assert.Equal(78, (await stream.VerbAsync(sink.ConnectionString, "rewind", "--to", "soon")).ExitCode);

        await stream.SendAsync([Bet(5, 0x10028), Bet(6, 0x10030)]);
        var (refused, why) = await stream.VerbAsync(sink.ConnectionString, "rewind", "--to", "5", "--table", "bets", "--partition", "0");
        Assert.Equal(1, refused);
        Assert.Contains("nothing is done without --forward", why, StringComparison.Ordinal);
        Assert.Equal("1", (await sink.QueryAsync("SELECT count() FROM rewinds FINAL"))[0]);
        Assert.Equal(
            0,
            (
                await stream.VerbAsync(
                    sink.ConnectionString,
                    "rewind",
                    "--to",
                    "5",
                    "--table",
                    "bets",
                    "--partition",
                    "0",
                    "--forward",
                    "--no-wait"
                )
            ).ExitCode
        );
        await using var later = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("the record behind what was skipped", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 6"))[0] == "1"
        );
        Assert.Equal("0", (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 5"))[0]);
    }

    /// <summary>
    /// The group's offset is committed and the order is not marked yet: whoever takes over obeys it once more, and nothing is missing or
    /// twice.
    /// </summary>
    [Fact]
    public async Task Killed_between_the_commit_and_the_mark_the_order_is_obeyed_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var gate = new ClickHouseGate(sink.ConnectionString, request =>
            request.Contains("INSERT INTO rewinds", StringComparison.Ordinal) && request.Contains("now64(6)", StringComparison.Ordinal)
        );
        await using (var killed = stream.StartWorker(gate.ConnectionString))
        {
            await stream.SendAsync([Bet(1, 0x10008), Bet(2, 0x10018), Bet(3, 0x10020)]);
            await Deadline.UntilAsync("three bets", Limit, () => stream.IsVisibleAsync(sink));
            await Deadline.UntilAsync("their offset", Limit, () => Task.FromResult(stream.Committed(stream.Bets, 0) == 3));
            foreach (var table in new[] { "bet_changes", "bets_by_user", "bets_by_event", "bets_analytics_rows" })
            {
                await sink.QueryAsync($"TRUNCATE TABLE {table}");
            }
            Assert.Equal(
                0,
                (
                    await stream.VerbAsync(sink.ConnectionString, "rewind", "--to", "1", "--table", "bets", "--partition", "0", "--no-wait")
                ).ExitCode
            );
            await gate.Held.WaitAsync(Limit);
            await killed.KillAsync();
        }
        Assert.Equal(1, stream.Committed(stream.Bets, 0));
        Assert.Equal("1", (await sink.QueryAsync("SELECT count() FROM rewinds FINAL WHERE begun = 0"))[0]);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM bet_changes"));

        await using var next = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("what was read again", Limit, async () =>
            (await sink.QueryAsync("SELECT bet_id FROM bets_analytics ORDER BY bet_id")) is ["2", "3"]
        );
        await Deadline.UntilAsync("the order to be done with", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM rewinds FINAL WHERE begun = 0"))[0] == "0"
        );
        await Deadline.UntilAsync("the offset", Limit, () => Task.FromResult(stream.Committed(stream.Bets, 0) == 3));
    }

    StreamRecord Bet(long id, ulong lsn) => _made.Bet(id, Made.Columns(), lsn: lsn);

    static async Task<string> DryAsync(KafkaStream stream, SinkUnderTest sink, params string[] place)
    {
        var (code, said) = await stream.VerbAsync(sink.ConnectionString, ["rewind", "--dry-run", .. place]);
        Assert.True(code == 0, said);
        return said;
    }
}
