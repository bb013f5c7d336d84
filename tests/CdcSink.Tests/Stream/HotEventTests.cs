using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>More bets on one event than a batch joins: they are joined beside it, and a kill in the middle loses none.</summary>
public sealed class HotEventTests(Servers servers)
{
    const int Bets = 3_000;

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    // A join takes so few bets that one of all of them is under way for long.
    static readonly string[] Small = ["--CdcSink:MaxInlineJoinBets=100", "--CdcSink:JoinBets=20"];

    [Fact]
    public async Task Killed_while_a_hot_event_is_joined_anew_its_topic_is_read_again_and_others_were_recorded_meanwhile()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var made = new Made();
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([
                made.Event(1),
                .. Enumerable.Range(1, Bets).Select(id => made.Bet(id, Made.Columns(), partition: id % 3)),
            ]);
            await Deadline.UntilAsync("the bets", Limit, () => stream.IsVisibleAsync(sink));
            await worker.StopAsync(TimeSpan.FromSeconds(20));
        }
        await using (var killed = stream.StartWorker(sink.ConnectionString, Small))
        {
            await stream.SendAsync([
                made.Event(
                    1,
                    "\"name\":\"Cup\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"LIVE\"",
                    "u"
                ),
            ]);
            await Deadline.UntilAsync("some of its bets", Limit, async () => await LiveAsync(sink) > 0);
            await stream.SendAsync([made.Bet(Bets + 1, Made.Columns())]);
            // The path goes on beside the join.
            await Deadline.UntilAsync("another bet", Limit, async () =>
                (await sink.QueryAsync($"SELECT count() FROM bets_analytics WHERE bet_id = {Bets + 1}"))[0] == "1"
            );
            Assert.True(await LiveAsync(sink) < Bets, "the join beside the path was over before the bet came: nothing was shown");
            Assert.False(await stream.IsVisibleAsync(sink));
            await killed.KillAsync();
        }
        await using var next = stream.StartWorker(sink.ConnectionString, Small);
        await Deadline.UntilAsync("everything", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(Bets + 1, await LiveAsync(sink));
        await next.StopAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, next.ExitCode);
    }

    static async Task<long> LiveAsync(SinkUnderTest sink) =>
        long.Parse(
            (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE event_status = 'LIVE'"))[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
}
