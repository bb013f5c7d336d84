using System.Text;
using System.Text.Json;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;
using RabbitMQ.Client;
using Headers = Confluent.Kafka.Headers;

namespace Betting.Tests.Ingest.Worker;

public sealed class DeadLetterVerbTests(Servers servers)
{
    static readonly byte[] Poison = "{\"kind\":\"deposit\",\"amount\":\"1e9\"}"u8.ToArray(),
        Other = "\u0001no json at all \u001b[2J"u8.ToArray();

    [Fact]
    public async Task Dead_letters_of_RabbitMQ_are_listed_replayed_as_they_came_and_gone_only_then()
    {
        await using var stage = await Stage.SetAsync(servers);
        var properties = new BasicProperties
        {
            ContentType = "application/json",
            CorrelationId = "c-1",
            Headers = new Dictionary<string, object?>
            {
                ["trace"] = "t-1",
                ["number"] = 7,
                ["CC"] = new List<object?> { "elsewhere" },
            },
        };
        await stage.Rabbit.PublishAsync([Poison], properties);
        await stage.Rabbit.PublishAsync([Other], properties);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await Deadline.UntilAsync("two dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 2
        );
        Assert.Equal(0, await worker.StopAsync());

        var (code, output) = await Verb(stage, "list", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Contains("deposit", output, StringComparison.Ordinal);
        Assert.Contains("2 letters", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
        var poison = Assert.Single(await Listed(stage, "--reason", "amount", "--door", "rabbitmq"));
        Assert.Contains("no exponent", poison.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains(
            "1 letters would be replayed",
            (await Verb(stage, "replay", "--reason", "amount", "--dry-run", "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(2u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        Assert.Equal(78, (await Verb(stage, "drop", "--door", "rabbitmq")).ExitCode);
        Assert.Equal(3, (await Verb(stage, "drop", "--id", "absent", "--door", "rabbitmq")).ExitCode);
        Assert.Equal(3, (await Verb(stage, "replay", "--id", "absent", "--door", "rabbitmq")).ExitCode);
        Assert.Equal(3, (await Verb(stage, "show", "absent", "--door", "rabbitmq")).ExitCode);

        Assert.Contains(
            "1 letters replayed",
            (await Verb(stage, "replay", "--id", poison.GetProperty("id").GetString()!, "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        var back = Assert.Single(await stage.Rabbit.TakeCommandsAsync(1));
        Assert.Equal(Poison, back!.Body.ToArray());
        Assert.Equal(("application/json", "c-1"), (back.BasicProperties.ContentType, back.BasicProperties.CorrelationId));
        Assert.Equal(7, back.BasicProperties.Headers!["number"]);
        Assert.Equal(1, back.BasicProperties.Headers["dead-letter-replays"]);
        Assert.DoesNotContain("dead-letter-reason", back.BasicProperties.Headers.Keys);
        Assert.Contains("1 letters dropped", (await Verb(stage, "drop", "--all", "--door", "rabbitmq")).Output, StringComparison.Ordinal);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
    }

    [Fact]
    public async Task Dead_letters_of_a_Kafka_topic_are_listed_once_replayed_to_their_partition_and_marked()
    {
        await using var stage = await Stage.SetAsync(servers);
        var record = new Message<byte[]?, byte[]?>
        {
            Key = "77"u8.ToArray(),
            Value = Poison,
            Headers = new Headers { { "trace", [1, 2, 255] } },
        };
        await stage.Kafka.PublishAsync(record, 0);
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Value = Other }, 0);
        var worker = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("two dead letters", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(stage.Kafka.DeadLetters().Count == 2)
        );
        Assert.Equal(0, await worker.StopAsync());
        // As a crash between dead letters and acknowledgement leaves it.
        var first = stage.Kafka.DeadLetters()[0];
        await stage.Kafka.PublishAsync(
            new Message<byte[]?, byte[]?>
            {
                Key = first.Message.Key,
                Value = first.Message.Value,
                Headers = first.Message.Headers,
            },
            0,
            Topics.DeadLetter(Topics.Commands)
        );

        var (_, output) = await Verb(stage, "list", "--door", "kafka");
        Assert.Contains("2 letters and 1 copies", output, StringComparison.Ordinal);
        var poison = Assert.Single(await Listed(stage, "--door", "kafka", "--partition", "0", "--to-offset", "0"));
        Assert.Equal($"{Topics.Commands}/0@0", poison.GetProperty("id").GetString());

        Assert.Contains(
            "1 letters and 1 copies of them replayed",
            (await Verb(stage, "replay", "--door", "kafka", "--kind", "deposit")).Output,
            StringComparison.Ordinal
        );
        var back = stage.Kafka.Read(Topics.Commands).Single(sent => sent.Offset == 2);
        Assert.Equal(
            (Convert.ToHexString(Poison), "77"),
            (Convert.ToHexString(back.Message.Value!), Encoding.ASCII.GetString(back.Message.Key!))
        );
        Assert.Equal([1, 2, 255], back.Message.Headers.GetLastBytes("trace"));
        Assert.Equal("1", Encoding.ASCII.GetString(back.Message.Headers.GetLastBytes("dead-letter-replays")));
        Assert.DoesNotContain(back.Message.Headers, header => header.Key == "dead-letter-reason");

        var left = Assert.Single(await Listed(stage, "--door", "kafka"));
        Assert.Contains(
            "1 letters dropped",
            (await Verb(stage, "drop", "--door", "kafka", "--id", left.GetProperty("id").GetString()!)).Output,
            StringComparison.Ordinal
        );
        Assert.Empty(await Listed(stage, "--door", "kafka"));
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task A_verb_with_a_limit_says_how_many_letters_are_beyond_it(string door)
    {
        await using var stage = await Stage.SetAsync(servers);
        byte[][] bodies = [.. Enumerable.Range(0, 10).Select(number => Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"))];
        if (door == "kafka")
        {
            foreach (var body in bodies)
            {
                await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Value = body }, 0);
            }
            var worker = stage.Start("--Ingest:Doors=kafka");
            await Deadline.UntilAsync("ten dead letters", TimeSpan.FromSeconds(60), () =>
                Task.FromResult(stage.Kafka.DeadLetterCount() == 10)
            );
            Assert.Equal(0, await worker.StopAsync());
        }
        else
        {
            await stage.Rabbit.PublishLettersAsync(bodies);
        }

        Assert.Contains(
            $"{door}: 3 letters; 7 more are beyond --limit\n",
            await SayAsync("list", "--limit", "3"),
            StringComparison.Ordinal
        );
        Assert.Contains($"{door}: 10 letters\n", await SayAsync("list", "--limit", "10"), StringComparison.Ordinal);
        Assert.Contains(
            $"{door}: 1 letters would be dropped; 9 more are beyond --limit\n",
            await SayAsync("drop", "--all", "--dry-run", "--limit", "1"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"{door}: 4 letters dropped; 6 more are beyond --limit\n",
            await SayAsync("drop", "--all", "--limit", "4"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"{door}: 2 letters replayed; 4 more are beyond --limit\n",
            await SayAsync("replay", "--all", "--limit", "2"),
            StringComparison.Ordinal
        );
        Assert.Contains($"{door}: 4 letters\n", await SayAsync("list"), StringComparison.Ordinal);

        async Task<string> SayAsync(params string[] arguments)
        {
            var (code, output) = await Verb(stage, [.. arguments, "--door", door]);
            Assert.True(code == 0, output);
            return output;
        }
    }

    [Fact]
    public async Task A_message_that_the_broker_gives_up_after_too_many_deliveries_is_among_the_dead_letters_and_replayed_it_counts_once()
    {
        await using var stage = await Stage.SetAsync(servers);
        var command = Given.Register();
        await stage.Rabbit.PublishAsync([CommandEncoder.Encode(command)]);
        for (var delivery = 0; delivery <= Betting.Brokers.CommandQueue.DeliveryLimit; delivery++)
        {
            await stage.Rabbit.RefuseCommandAsync();
        }
        await Deadline.UntilAsync("a dead letter", TimeSpan.FromSeconds(10), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));

        var letter = Assert.Single(await Listed(stage, "--door", "rabbitmq", "--since", "1h"));
        Assert.Equal("given up by the broker: delivery_limit", letter.GetProperty("reason").GetString());
        Assert.Equal(0, (await Verb(stage, "replay", "--all", "--door", "rabbitmq")).ExitCode);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([command]);
    }

    [Fact]
    public async Task While_somebody_looks_at_the_letters_of_RabbitMQ_nobody_else_calls_them_absent()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.PublishLettersAsync("no command"u8.ToArray());
        var look = await stage.Rabbit.QueueAsync(Rabbit.DeadLetters + ".look");

        var (code, output) = await Verb(stage, "list", "--door", "rabbitmq");
        Assert.True(code == 2, output);
        Assert.Contains("somebody else looks at it", output, StringComparison.Ordinal);
        (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            ["outcome", Guid.CreateVersion7().ToString(), .. stage.Settings[..2], .. stage.Kafka.Settings]
        );
        Assert.True(code == 2, output);

        // The verb waits for a moment: the look that ends meanwhile does not disturb it.
        var listing = Listed(stage, "--door", "rabbitmq");
        await stage.Rabbit.DeleteAsync(look);
        Assert.Single(await listing);
    }

    static async Task<JsonElement[]> Listed(Stage stage, params string[] filters)
    {
        var (code, output) = await Verb(stage, ["list", "--json", "--text", "1000", .. filters]);
        Assert.True(code == 0, output);
        return [.. output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    static Task<(int ExitCode, string Output)> Verb(Stage stage, params string[] arguments) =>
        IngestProcess.RunAsync(stage.Folder, ["dead-letters", .. arguments, .. stage.Settings[..2], .. stage.Kafka.Settings]);
}
