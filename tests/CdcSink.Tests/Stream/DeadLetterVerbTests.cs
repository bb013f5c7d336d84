using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class DeadLetterVerbTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    readonly Made _made = new();

    [Fact]
    public async Task Letters_of_all_topics_are_listed_shown_replayed_to_their_partition_and_dropped()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        // As from a connector without schemas whose unit the sink has not been told.
        var numbers = _made.Bet(1, Made.Columns("\"placed_at\":1767261600000000"), partition: 2);
        var poison = new StreamRecord(
            Made.Prefix + "users",
            1,
            0,
            0,
            "{\"id\":1}"u8.ToArray(),
            "{\"no\":\u001b"u8.ToArray(),
            [new RecordHeader("kept", "yes"u8.ToArray())]
        );
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([_made.Event(1), _made.Bet(2, Made.Columns(), partition: 2), numbers, poison]);
            await Deadline.UntilAsync("all of them", Limit, () => stream.IsVisibleAsync(sink));
            Assert.True(await worker.StopAsync(Limit));
        }

        var all = await SayAsync(stream, sink, "list");
        Assert.Contains($"{stream.Bets}/2@1", all, StringComparison.Ordinal);
        Assert.Contains(RejectReason.UnknownUnit, all, StringComparison.Ordinal);
        Assert.Contains("users: 1 letters", all, StringComparison.Ordinal);
        Assert.Contains("message: 0 letters", all, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', all);
        Assert.DoesNotContain("users", await SayAsync(stream, sink, "list", "--table", "bets"), StringComparison.Ordinal);
        var shown = await SayAsync(stream, sink, "show", $"{stream.Bets}/2@1");
        Assert.Contains("1767261600000000", shown, StringComparison.Ordinal);
        Assert.Matches(@"dead-letter\.field: [a-z.]*placed_at", shown);
        Assert.Contains(
            "bets: 1 letters would be replayed",
            await SayAsync(stream, sink, "replay", "--table", "bets", "--all", "--dry-run"),
            StringComparison.Ordinal
        );

        // With the unit told, the letter is a change like any other, later in its partition than it was.
        Assert.Contains(
            "bets: 1 letters replayed",
            await SayAsync(stream, sink, "replay", "--reason", RejectReason.UnknownUnit),
            StringComparison.Ordinal
        );
        await using var mended = stream.StartWorker(sink.ConnectionString, "--CdcSink:TimeUnits:bets.placed_at=Microseconds");
        await Deadline.UntilAsync("the bet", Limit, async () => (await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0] == "2");
        Assert.Equal("2|2", (await sink.QueryAsync("SELECT partition, offset FROM bet_changes WHERE id = 1"))[0]);
        Assert.Contains("bets: 0 letters", await SayAsync(stream, sink, "list"), StringComparison.Ordinal);
        var (code, said) = await stream.VerbAsync(
            sink.ConnectionString,
            ["dead-letters", "drop", "--id", $"{stream.Bets.Replace(".bets", ".users", StringComparison.Ordinal)}/1@0", "--id", "absent"]
        );
        Assert.Equal(3, code);
        Assert.Contains("users: 1 letters dropped", said, StringComparison.Ordinal);
        Assert.Contains("CdcSink dead-letters: there is no letter absent", said, StringComparison.Ordinal);
        Assert.Contains("users: 0 letters", await SayAsync(stream, sink, "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_letter_without_a_value_is_a_letter_and_replayed_it_is_found_alone_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([_made.Bet(1, Made.Columns()), _made.Record("bets", "{\"id\":1}", null)]);
        await Deadline.UntilAsync("both", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Contains(RejectReason.TombstoneWithoutDelete, await SayAsync(stream, sink, "list"), StringComparison.Ordinal);
        Assert.True(await worker.StopAsync(Limit));

        Assert.Contains(
            "bets: 1 letters replayed",
            await SayAsync(stream, sink, "replay", "--id", $"{stream.Bets}/0@1"),
            StringComparison.Ordinal
        );
        // The first record of an assignment, where a tombstone has the benefit of the doubt if nobody found it alone before.
        await using var again = stream.StartWorker(sink.ConnectionString);
        await Deadline.UntilAsync("the letter once more, of its new place", Limit, async () =>
            (await SayAsync(stream, sink, "list", "--table", "bets")).Contains($"{stream.Bets}/0@2", StringComparison.Ordinal)
        );
        Assert.Contains("bets: 1 letters", await SayAsync(stream, sink, "list", "--table", "bets"), StringComparison.Ordinal);
    }

    static async Task<string> SayAsync(KafkaStream stream, SinkUnderTest sink, params string[] arguments)
    {
        var (code, said) = await stream.VerbAsync(sink.ConnectionString, ["dead-letters", .. arguments]);
        Assert.True(code == 0, said);
        return said;
    }
}
