using System.Globalization;
using System.Text;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>Letters that a broker does not take, and records with the strangest properties that a broker accepts.</summary>
public sealed class PoisonLetterTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    readonly Made _made = new();

    [Fact]
    public async Task A_record_larger_than_the_clients_default_is_a_whole_letter_where_the_topic_takes_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([_made.Record("bets", "{\"id\":1}", new string('x', 1_500_000)), _made.Bet(2, Made.Columns())]);
        await Deadline.UntilAsync("both", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(1_500_000, stream.DeadLetters(stream.Bets).First().Message.Value.Length);
        Assert.Equal(["2"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics"));
    }

    [Fact]
    public async Task A_letter_that_its_topic_does_not_take_whole_is_written_shortened()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers, ownServer: true);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        // The record's own request, then whole, compressed and 900,000 bytes of it.
        await stream.PushErrorsAsync(
            "Produce",
            ErrorCode.NoError,
            ErrorCode.MsgSizeTooLarge,
            ErrorCode.MsgSizeTooLarge,
            ErrorCode.MsgSizeTooLarge
        );
        await stream.SendAsync([_made.Record("bets", "{\"id\":1}", new string('x', 1_200_000))]);
        await Deadline.UntilAsync("the record", Limit, () => stream.IsVisibleAsync(sink));
        var letter = stream.DeadLetters(stream.Bets).First().Message;
        Assert.InRange(letter.Value.Length, 40_000, 60_000);
        Assert.Equal(("body", "1200000"), (Header(letter, "dead-letter.truncated"), Header(letter, "dead-letter.size")));
        Assert.Equal(stream.Bets, Header(letter, "dead-letter.topic"));
        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "dead-letters", "replay", "--all");
        Assert.Equal(1, code);
        Assert.Contains("cannot be sent back", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorCode.MsgSizeTooLarge)]
    [InlineData(ErrorCode.Local_InvalidDifferentRecord)]
    public async Task A_letter_that_fits_only_compressed_or_alone_is_written_whole(ErrorCode answer)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers, ownServer: true);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.PushErrorsAsync("Produce", ErrorCode.NoError, answer);
        await stream.SendAsync([_made.Record("bets", "{\"id\":1}", new string('x', 900_000))]);
        await Deadline.UntilAsync("the record", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(900_000, stream.DeadLetters(stream.Bets).First().Message.Value.Length);
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM dead_letters"));
    }

    [Fact]
    public async Task A_letter_that_no_broker_takes_is_in_ClickHouse_and_the_verbs_read_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers, ownServer: true);
        var value = Encoding.UTF8.GetBytes("{\"no\":\u0000\u00ff");
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.PushErrorsAsync("Produce", ErrorCode.NoError, ErrorCode.TopicAuthorizationFailed);
            await stream.SendAsync([
                new StreamRecord(
                    Made.Prefix + "bets",
                    1,
                    0,
                    0,
                    "k"u8.ToArray(),
                    value,
                    [new RecordHeader("kept", [0, 255]), new RecordHeader("empty", null)]
                ),
            ]);
            await Deadline.UntilAsync("the letter", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM dead_letters"))[0] == "1"
            );
            await stream.SendAsync([_made.Bet(2, Made.Columns())]);
            await Deadline.UntilAsync("the bet behind it", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0] == "1"
            );
        }
        Assert.Equal(
            [$"TopicAuthorizationFailed|{RejectReason.MalformedJson}"],
            await sink.QueryAsync("SELECT cause, reason FROM dead_letters FINAL")
        );
        Assert.Contains("clickhouse: 1 letters", await SayAsync(stream, sink, "list"), StringComparison.Ordinal);
        Assert.Contains(
            "not-in-kafka: TopicAuthorizationFailed",
            await SayAsync(stream, sink, "show", $"{stream.Bets}/1@0"),
            StringComparison.Ordinal
        );
        Assert.Contains("clickhouse: 1 letters replayed", await SayAsync(stream, sink, "replay", "--all"), StringComparison.Ordinal);
        Assert.Contains("clickhouse: 0 letters", await SayAsync(stream, sink, "list"), StringComparison.Ordinal);
        var sentBack = stream
            .Records(stream.Bets, 1)
            .Single(record => record.Message.Headers.Any(header => header.Key == "dead-letter-replays"))
            .Message;
        Assert.Equal(value, sentBack.Value);
        Assert.Equal("AP8=", Convert.ToBase64String(sentBack.Headers.GetLastBytes("kept")));
        Assert.Null(sentBack.Headers.Single(header => header.Key == "empty").GetValueBytes());
    }

    [Fact]
    public async Task Records_with_any_timestamp_header_and_key_are_rows_or_letters_and_those_behind_them_go_on()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        var bet = 1;
        foreach (var timestamp in (long[])[1_795_000_000_000_000, long.MaxValue, 1, -2, 253_402_300_800_000])
        {
            await stream.SendAsync([_made.Bet(bet++, Made.Columns())], timestamp);
        }
        await stream.SendAsync([
            _made.Bet(bet++, Made.Columns()) with
            {
                Headers =
                [
                    new RecordHeader("", null),
                    new RecordHeader("überall\u0001\u001b[2J", [0xff, 0xfe]),
                    new RecordHeader(new string('h', 5000), new byte[50_000]),
                ],
            },
            _made.Bet(bet++, Made.Columns()) with
            {
                Key = new byte[200_000],
            },
        ]);
        await Deadline.UntilAsync("all of them", Limit, () => stream.IsVisibleAsync(sink));
        var rows = int.Parse((await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0], CultureInfo.InvariantCulture);
        var letters = stream.Records(Topics.DeadLetter(stream.Bets), 0).Count();
        Assert.Equal(bet - 1, rows + letters);
        Assert.InRange(rows, bet - 2, bet - 1);
        Assert.False(worker.HasExited);
    }

    [Fact]
    public async Task A_record_with_more_headers_than_are_held_is_a_row_of_its_epoch_or_a_letter_that_says_so()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        RecordHeader[] many = [new("epoch", "3"u8.ToArray()), .. Enumerable.Repeat(new RecordHeader("", null), 5000)];
        await stream.SendAsync([
            _made.Bet(1, Made.Columns()) with
            {
                Headers = many,
            },
            _made.Record("bets", "{\"id\":2}", "no JSON") with
            {
                Headers = many,
            },
        ]);
        await Deadline.UntilAsync("both", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Equal(["1|3"], await sink.QueryAsync("SELECT id, bitShiftRight(version, 57) FROM bet_changes"));
        var letter = stream.DeadLetters(stream.Bets).First().Message;
        Assert.Equal(("headers", "5001"), (Header(letter, "dead-letter.truncated"), Header(letter, "dead-letter.headers-count")));
        Assert.InRange(letter.Headers.Count, 1, 20);
    }

    static string Header(Message<byte[], byte[]> letter, string name) => Encoding.UTF8.GetString(letter.Headers.GetLastBytes(name));

    static async Task<string> SayAsync(KafkaStream stream, SinkUnderTest sink, params string[] arguments) =>
        (await stream.VerbAsync(sink.ConnectionString, ["dead-letters", .. arguments])).Output;
}
