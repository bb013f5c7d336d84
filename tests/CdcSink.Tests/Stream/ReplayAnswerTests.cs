using System.Globalization;
using System.Text;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary><c>CdcSink dead-letters replay</c>: the answer is per letter, in the topics and in the table.</summary>
public sealed class ReplayAnswerTests(Servers servers)
{
    [Fact]
    public async Task A_letter_that_its_topic_does_not_take_stays_and_the_others_of_all_stores_are_sent_back_and_marked()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var users = new ChangeTopics(stream.Prefix).Users;
        await stream.SendAsync([
            Letter(stream.Bets, 7, 1),
            Letter(stream.Bets, 1, 2),
            Letter(stream.Bets, 1, 3, 200_000),
            Letter(stream.Bets, 2, 4),
            Letter(users, 0, 5),
        ]);
        await InsertAsync(sink, stream.Bets, partition: 9, offset: 6);
        await InsertAsync(sink, stream.Bets, partition: 1, offset: 7);
        string[] replay = ["dead-letters", "replay", "--all", "--Kafka:Client:message.max.bytes=100000"];

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, replay);

        Assert.True(code == 1, said);
        Assert.Contains("bets: 2 letters replayed, 2 stay\n", said, StringComparison.Ordinal);
        Assert.Contains($"bets: {stream.Bets}/7@1 stays: ", said, StringComparison.Ordinal);
        Assert.Contains($"bets: {stream.Bets}/1@3 stays: ", said, StringComparison.Ordinal);
        Assert.Contains("users: 1 letters replayed\n", said, StringComparison.Ordinal);
        Assert.Contains("clickhouse: 1 letters replayed, 1 stay\n", said, StringComparison.Ordinal);
        Assert.EndsWith("CdcSink dead-letters: 4 letters replayed, 3 stay\n", said, StringComparison.Ordinal);

        (code, said) = await stream.VerbAsync(sink.ConnectionString, replay);
        Assert.True(code == 1, said);
        Assert.EndsWith("CdcSink dead-letters: 0 letters replayed, 3 stay\n", said, StringComparison.Ordinal);
        Assert.Equal(
            [2, 1, 1],
            new[] { (stream.Bets, 1), (stream.Bets, 2), (users, 0) }.Select(place => stream.Records(place.Item1, place.Item2).Count())
        );
        Assert.Equal(["9"], await sink.QueryAsync("SELECT partition FROM dead_letters FINAL WHERE ended = 0"));

        (code, said) = await stream.VerbAsync(sink.ConnectionString, ["dead-letters", "drop", "--all"]);
        Assert.True(code == 0, said);
        Assert.Contains("bets: 2 letters dropped\n", said, StringComparison.Ordinal);
        Assert.Contains("clickhouse: 1 letters dropped\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_Kafka_is_away_the_letters_of_the_table_are_listed_and_dropped()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers, ownServer: true);
        await InsertAsync(sink, stream.Bets, partition: 1, offset: 7);
        await stream.Server.DownAsync();

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "dead-letters", "list");
        Assert.True(code == 2, said);
        Assert.Contains("heartbeat: not asked", said, StringComparison.Ordinal);
        Assert.Contains("clickhouse: 1 letters", said, StringComparison.Ordinal);
        Assert.Contains("could not ask Kafka", said, StringComparison.Ordinal);
        (code, said) = await stream.VerbAsync(sink.ConnectionString, "dead-letters", "drop", "--all");
        Assert.True(code == 2, said);
        Assert.Contains("clickhouse: 1 letters dropped\n", said, StringComparison.Ordinal);
    }

    static StreamRecord Letter(string topic, int partition, long offset, int size = 10)
    {
        (string Name, string Value)[] headers =
        [
            ("reason", "a-test"),
            ("field", ""),
            ("topic", topic),
            ("partition", Text(partition)),
            ("offset", Text(offset)),
        ];
        return new StreamRecord(
            Topics.DeadLetter(topic),
            0,
            0,
            0,
            null,
            Encoding.ASCII.GetBytes($"letter {offset} ".PadRight(size, 'x')),
            [.. headers.Select(header => new RecordHeader($"dead-letter.{header.Name}", Encoding.ASCII.GetBytes(header.Value)))]
        );
    }

    static Task<List<string>> InsertAsync(SinkUnderTest sink, string topic, int partition, long offset) =>
        sink.QueryAsync(
            $"""
            INSERT INTO dead_letters SELECT '{topic}', {partition}, {offset}, '', now64(6), 'a-test', '', 'TopicAuthorizationFailed', 0,
                false, '', true, 'letter {offset}', '[]', 0
            """
        );

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
