using System.Net;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>Topics that lose records: by a setting, or before the sink first began to read them.</summary>
public sealed class TopicSettingTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    const string Rows = "SELECT toString(bet_id) FROM bets_analytics";

    readonly Made _made = new();

    [Fact]
    public async Task A_compacted_topic_of_rows_is_named_until_it_is_corrected()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SetAsync(stream.Bets, "cleanup.policy", "compact");
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using var worker = stream.StartWorker(sink.ConnectionString, $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}");

        await UnreadyAsync(http, $"\"kafka-settings\":\"{stream.Bets} has cleanup.policy=compact: ");
        await stream.SendAsync([Bet(1, 1)]);
        await stream.SetAsync(stream.Bets, "cleanup.policy", "delete");
        await ReadyAsync(http, (isReady, _) => isReady);
        var told = $"A setting of Kafka breaks a promise of this worker: {stream.Bets} has cleanup.policy=compact: ";
        Assert.Single(KafkaStream.Said(worker).Split('\n'), line => line.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partition_that_another_member_had_at_the_first_start_and_that_lost_its_first_records_is_stopped()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SendAsync([Bet(1), Bet(2), Bet(3), Bet(4, 2)]);
        await stream.DeleteRecordsAsync(stream.Bets, 0, before: 2);
        var first = new TopicPartition(stream.Bets, 0);

        // The range assignor gives the first partitions to the member whose id is less.
        using (var other = stream.Member("a-member"))
        {
            using var left = new CancellationTokenSource();
            var polling = Task.Run(() => Poll(other, left.Token), TestContext.Current.CancellationToken);
            await Deadline.UntilAsync("the member's partitions", Limit, () => Task.FromResult(other.Assignment.Contains(first)));
            var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
            await using var worker = stream.StartWorker(sink.ConnectionString, $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}");
            await Deadline.UntilAsync("the row of its own partition", Limit, async () => (await sink.QueryAsync(Rows)) is ["4"]);
            Assert.Contains(first, other.Assignment);
            Assert.Equal(
                ["0"],
                await sink.QueryAsync($"SELECT next_offset FROM sink_progress FINAL WHERE topic = '{stream.Bets}' AND partition = 0")
            );

            await left.CancelAsync();
            await polling;
            other.Close();
            await UnreadyAsync(http, $"records gone before they were read: {stream.Bets}/0");
            var said = $"{stream.Bets}/0 is stopped: its next record 0 is gone, the topic has 2 to 3";
            await Deadline.UntilAsync($"'{said}' in the log", Limit, () =>
                Task.FromResult(KafkaStream.Said(worker).Contains(said, StringComparison.Ordinal))
            );
            Assert.Equal(["4"], await sink.QueryAsync(Rows));
        }
    }

    StreamRecord Bet(long id, int partition = 0) => _made.Bet(id, Made.Columns(), partition: partition);

    static void Poll(IConsumer<byte[], byte[]> member, CancellationToken left)
    {
        while (!left.IsCancellationRequested)
        {
            member.Consume(TimeSpan.FromMilliseconds(100));
        }
    }

    static Task UnreadyAsync(Uri http, string reason) =>
        ReadyAsync(http, (isReady, body) => !isReady && body.Contains(reason, StringComparison.Ordinal));

    static async Task ReadyAsync(Uri http, Func<bool, string, bool> holds)
    {
        using var client = new HttpClient();
        await Deadline.UntilAsync("readiness as it should be", Limit, async () =>
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(http, "/health/ready"));
                return holds(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
                return false;
            }
        });
    }
}
