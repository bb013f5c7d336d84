using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;
using RabbitMQ.Client;
using Headers = Confluent.Kafka.Headers;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// What a publisher may write into envelopes, properties, headers, timestamps and keys: each message has its outcome or is a dead letter.
/// </summary>
public sealed class StrangeMessageTests(Servers servers)
{
    const string EnvelopeType = "application/vnd.masstransit+json";

    [Fact]
    public async Task A_valid_command_in_an_envelope_with_texts_that_are_no_Unicode_is_applied_and_its_neighbours_are()
    {
        await using var stage = await Stage.SetAsync(servers);
        string[] beside =
        [
            "\"conversationId\":\"\\ud800\"",
            "\"responseAddress\":\"\\ud800\"",
            "\"requestId\":\"\\udc00x\"",
            "\"headers\":{\"MT-Activity-Id\":\"\\ud800\"}",
            "\"headers\":{\"traceparent\":\"a\\udfff\"}",
            "\"headers\":{\"MT-Request-AcceptType\":[\"urn:x\",\"\\ud800\"]}",
            "\"conversationId\":\"\u0001\"",
            "\"requestId\":\"\u0001\u0001\"",
            // Deeper than a JSON reader goes by default.
            $"\"headers\":{{\"x\":{Nested(65)}}}",
            $"\"host\":{Nested(10_000)}",
        ];
        BetCommand[] strange = [.. beside.Select((_, user) => Given.Register(user + 1))],
            good = [.. Enumerable.Range(100, 50).Select(user => Given.Register(user))];
        // The character U+0001 stands for a byte that is no UTF-8.
        byte[][] envelopes =
        [
            .. beside.Zip(strange, (text, command) =>
                Envelope(text, CommandEncoder.Encode(command)).Select(one => one == 1 ? (byte)0xff : one).ToArray()
            ),
        ];
        await stage.Rabbit.PublishAsync(envelopes, EnvelopeType);
        await stage.Rabbit.PublishAsync(Stage.Encoded(good));

        stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=7");
        await stage.AppliedAsync([.. strange, .. good]);

        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
    }

    [Fact]
    public async Task An_envelope_that_cannot_be_read_or_has_two_messages_is_a_dead_letter_and_its_neighbours_are_applied()
    {
        await using var stage = await Stage.SetAsync(servers);
        var (one, two) = (
            Encoding.UTF8.GetString(CommandEncoder.Encode(Given.Register(1))),
            Encoding.UTF8.GetString(CommandEncoder.Encode(Given.Register(2)))
        );
        string[] broken =
        [
            $$"""{"message":{{one}},"message":{{two}}}""",
            $$"""{"message":{{one}},"sentTime":1,"message":null}""",
            $$"""{"message":{{one}},"message":{{one}},"message":{{two}}}""",
            $$"""{"\ud800message":1,"message":{{one}}}""",
            $$"""{"message":{{one}}} {}""",
            $$"""{"message":{{one}}""",
            $$"""{"m\u0065ssage":{{one}},"message":{{two}}}""",
            "{}",
            "\"\\ud800\"",
        ];
        BetCommand[] good = [.. Enumerable.Range(100, 50).Select(user => Given.Register(user))];
        await stage.Rabbit.PublishAsync(broken.Select(Encoding.UTF8.GetBytes), EnvelopeType);
        await stage.Rabbit.PublishAsync(Stage.Encoded(good));

        stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=7");
        await stage.AppliedAsync(good);

        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == broken.Length
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM users WHERE id < 100"));
    }

    [Fact]
    public async Task Every_AMQP_property_and_type_of_header_is_taken_and_written_to_a_dead_letter()
    {
        await using var stage = await Stage.SetAsync(servers);
        // 255 bytes that are no UTF-8 have three times as many as text.
        var longText = new string('\u00e9', 127);
        var properties = new BasicProperties
        {
            ContentType = "application/json",
            ContentEncoding = longText,
            CorrelationId = longText,
            MessageId = longText,
            Type = longText,
            AppId = longText,
            ReplyTo = longText,
            Priority = 255,
            Timestamp = new AmqpTimestamp(long.MinValue),
            Persistent = false,
            Headers = new Dictionary<string, object?>
            {
                [longText] = null,
                ["time"] = new AmqpTimestamp(long.MaxValue),
                ["decimal"] = 1.0000m,
                ["negative"] = -2147483647m,
                ["bytes"] = new byte[] { 0, 255 },
                ["binary"] = new BinaryTableValue([1, 2]),
                ["list"] = new List<object?>
                {
                    1,
                    "x",
                    null,
                    new Dictionary<string, object?>
                    {
                        ["deep"] = new List<object?> { 1.5, 2.5f },
                    },
                },
                ["short"] = (short)1,
                ["ushort"] = (ushort)2,
                ["sbyte"] = (sbyte)-1,
                ["byte"] = (byte)9,
                ["uint"] = uint.MaxValue,
                ["long"] = long.MinValue,
                ["bool"] = true,
                ["double"] = double.MinValue,
                ["traceparent"] = 5,
                ["MT-Activity-Id"] = new List<object?> { 1 },
                ["x-death"] = new List<object?> { new Dictionary<string, object?> { ["time"] = new AmqpTimestamp(long.MaxValue) } },
                ["dead-letter-replays"] = new byte[] { 255 },
                ["dead-letter-reason"] = "forged",
            },
        };
        BetCommand[] good = [.. Enumerable.Range(1, 20).Select(user => Given.Register(user))];
        await stage.Rabbit.PublishAsync(Stage.Encoded(good), properties);
        await stage.Rabbit.PublishAsync(["no command"u8.ToArray()], properties);

        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(good);

        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        Assert.Equal(0, await worker.StopAsync());
        var (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            ["dead-letters", "list", "--door", "rabbitmq", .. stage.Settings[1..2], .. stage.Kafka.Settings]
        );
        Assert.True(code == 0, output);
        Assert.Contains("1 letters", output, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", output, StringComparison.Ordinal);
        var letter = await stage.Rabbit.TakeAsync(Rabbit.DeadLetters);
        Assert.Equal(uint.MaxValue, letter!.BasicProperties.Headers!["uint"]);
        Assert.Equal(longText, letter.BasicProperties.MessageId);
    }

    [Theory]
    [InlineData(1_780_000_000_000_000)]
    [InlineData(1_780_000_000_000_000_000)]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    public async Task A_Kafka_record_with_any_timestamp_key_and_headers_is_applied(long timestamp)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [Given.Register(1), Given.Register(2)];
        var headers = new Headers
        {
            { "", null },
            { "trace\u0001", [255, 254] },
            { "traceparent", null },
            { "tracestate", [0xff] },
            { "dead-letter-handled", "0"u8.ToArray() },
        };
        foreach (var command in commands)
        {
            await stage.Kafka.PublishAsync(
                new Message<byte[]?, byte[]?>
                {
                    Key = [255, 0],
                    Value = CommandEncoder.Encode(command),
                    Headers = headers,
                    Timestamp = new Timestamp(timestamp, TimestampType.CreateTime),
                },
                0
            );
        }
        await stage.Kafka.PublishAsync(
            new Message<byte[]?, byte[]?>
            {
                Key = null,
                Value = null,
                Headers = headers,
                Timestamp = new Timestamp(timestamp, TimestampType.CreateTime),
            },
            0
        );

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(commands);

        await Deadline.UntilAsync("the letter of the record without a value", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(stage.Kafka.DeadLetters().Count == 1)
        );
        await worker.ReadyAsync();
        Assert.Equal(0, await worker.StopAsync());
    }

    [Theory]
    [InlineData("NotCoordinatorForGroup", 3)]
    [InlineData("GroupLoadInProgress", 3)]
    [InlineData("GroupCoordinatorNotAvailable", 20)]
    [InlineData("GroupAuthorizationFailed", 1)]
    public async Task A_coordinator_that_does_not_tell_the_offsets_at_assignment_is_asked_again(string code, int times)
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 2);
        BetCommand[] before = [Given.Register(1)],
            after = [Given.Register(2)],
            elsewhere = [Given.Register(3)];
        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.Kafka.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        Assert.Equal(0, await worker.StopAsync());
        await stage.Kafka.PublishAsync(Stage.Encoded(after));
        // The group has never committed anything here.
        await stage.Kafka.PublishAsync(Stage.Encoded(elsewhere), partition: 1);
        await stage.Kafka.FailAsync("OffsetFetch", code, times);

        worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync([.. after, .. elsewhere]);

        await worker.ReadyAsync();
        Assert.Equal(0, await worker.MetricAsync("ingest_commands_total", "outcome=\"duplicate\""));
        Assert.Equal(0, await worker.StopAsync());
    }

    static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    static byte[] Envelope(string beside, byte[] command) => [.. Encoding.UTF8.GetBytes($"{{{beside},\"message\":"), .. command, (byte)'}'];
}
