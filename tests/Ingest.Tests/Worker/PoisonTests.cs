using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Messages whose dead letters are hard to write: the ones behind them go on, and nothing that was confirmed is sent again.
/// </summary>
public sealed class PoisonTests(Servers servers)
{
    // What docs/ingest.md promises: the worker itself, 8,000 messages of 40 KiB, HeldBytes and the client's buffers; and what the collector
    // has not yet freed of them where the machine gives it no time (675 MB were seen, 223 MB on a quiet one).
    const long MemoryLimit = 800L << 20;

    static readonly byte[] NoCommand = "no command at all"u8.ToArray();

    [Theory]
    [InlineData(130_950)]
    [InlineData(125_000)]
    public async Task Headers_too_large_to_be_written_again_are_cut_and_the_others_go_on(int characters)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] good = [.. Enumerable.Range(1, 20).Select(user => Given.Register(user))];
        var large = new Dictionary<string, object?> { ["large"] = new string('x', characters), ["dead-letter-size"] = "forged" };
        await stage.Rabbit.PublishAsync(
            [NoCommand, NoCommand],
            new BasicProperties
            {
                ContentType = "application/json",
                MessageId = "m-1",
                Headers = large,
            }
        );
        await stage.Rabbit.PublishAsync(Stage.Encoded(good));

        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(good);

        await Deadline.UntilAsync("both dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 2
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        var letter = (await stage.Rabbit.TakeAsync(Rabbit.DeadLetters))!;
        Assert.Equal(NoCommand, letter.Body.ToArray());
        if (characters > 130_000)
        {
            Assert.Equal("headers", Encoding.UTF8.GetString((byte[])letter.BasicProperties.Headers!["dead-letter.truncated"]!));
            Assert.Contains("not replayable", output, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(characters, ((byte[])letter.BasicProperties.Headers!["large"]!).Length);
        }
        Assert.Equal(0, await worker.StopAsync());
    }

    [Theory]
    [InlineData(1_020_000)]
    [InlineData(1_040_000)]
    [InlineData(3_000_000)]
    public async Task A_large_Kafka_record_that_is_no_command_is_put_aside_whole_and_the_others_go_on(int bytes)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] good = [Given.Register(1)];
        var large = RandomNumberGenerator.GetBytes(bytes);
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Value = large }, 0);
        await stage.Kafka.PublishAsync(Stage.Encoded(good));

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(good);

        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), () => Task.FromResult(stage.Kafka.DeadLetterCount() == 1));
        Assert.Equal(
            Convert.ToHexString(SHA256.HashData(large)),
            Convert.ToHexString(SHA256.HashData(Assert.Single(stage.Kafka.DeadLetters()).Message.Value!))
        );
        await worker.ReadyAsync();
    }

    [Theory]
    // Whole and compressed, with the batch and alone; then shortened, and that compressed.
    [InlineData(4, false)]
    [InlineData(6, true)]
    public async Task A_record_that_the_topic_of_dead_letters_refuses_is_shortened_and_then_goes_to_the_table(int refusals, bool inTable)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] good = [Given.Register(1), Given.Register(2)];
        var large = RandomNumberGenerator.GetBytes(400_000);
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Key = "k"u8.ToArray(), Value = large }, 0);
        await stage.Kafka.PublishAsync(Stage.Encoded(good));
        await stage.Kafka.FailAsync("Produce", "MsgSizeTooLarge", refusals);

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(good);
        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), async () =>
            inTable ? await stage.CountAsync("SELECT count(*) FROM dead_letters") == 1 : stage.Kafka.DeadLetterCount() == 1
        );

        await worker.ReadyAsync();
        Assert.Equal(0, await worker.StopAsync());
        if (!inTable)
        {
            var letter = Assert.Single(stage.Kafka.DeadLetters()).Message;
            Assert.Equal(
                ("k", "400000", Convert.ToHexStringLower(SHA256.HashData(large))),
                (Encoding.ASCII.GetString(letter.Key!), Header(letter, "dead-letter.size"), Header(letter, "dead-letter.sha256"))
            );
            Assert.Equal(large[..1000], letter.Value![..1000]);
            Assert.Equal($"{Topics.Commands}/0@0", Header(letter, "dead-letter-from"));
            return;
        }
        Assert.Contains($"{Topics.Commands}/0@0", (await stage.LettersAsync("list", "--door", "kafka")).Output, StringComparison.Ordinal);
        Assert.Contains("400000 bytes", (await stage.LettersAsync("show", $"{Topics.Commands}/0@0")).Output, StringComparison.Ordinal);
        Assert.Contains(
            "1 letters replayed",
            (await stage.LettersAsync("replay", "--all", "--door", "kafka")).Output,
            StringComparison.Ordinal
        );
        var back = stage.Kafka.Read(Topics.Commands).Last().Message;
        Assert.Equal(Convert.ToHexString(large), Convert.ToHexString(back.Value!));
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
    }

    [Fact]
    public async Task A_record_that_is_too_large_for_the_topic_of_dead_letters_is_put_aside_whole_where_it_fits_compressed()
    {
        await using var stage = await Stage.SetAsync(servers);
        var large = Encoding.ASCII.GetBytes(new string('x', 400_000));
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Value = large }, 0);
        await stage.Kafka.FailAsync("Produce", "MsgSizeTooLarge", 1);

        stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), () => Task.FromResult(stage.Kafka.DeadLetterCount() == 1));

        Assert.Equal(large, Assert.Single(stage.Kafka.DeadLetters()).Message.Value);
    }

    [Fact]
    public async Task While_the_topic_of_dead_letters_takes_nothing_they_go_to_the_table_and_the_others_go_on()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] good = [Given.Register(1)];
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Value = NoCommand }, 0);
        await stage.Kafka.PublishAsync(Stage.Encoded(good));
        await stage.Kafka.FailAsync("Produce", "TopicAuthorizationFailed", 1000);

        var worker = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("an unready worker that says why", TimeSpan.FromSeconds(30), async () =>
            (await worker.BodyAsync("/health/ready")).Contains("1 dead letters are taken by nobody", StringComparison.Ordinal)
        );
        await Deadline.UntilAsync("the letter in the table", TimeSpan.FromSeconds(60), async () =>
            await stage.CountAsync("SELECT count(*) FROM dead_letters") == 1
        );
        await stage.AppliedAsync(good);

        await worker.ReadyAsync();
        Assert.Equal(1, await worker.MetricAsync("ingest_dead_letters_table_total", "door=\"kafka\""));
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("took no dead letters", StringComparison.Ordinal));
        Assert.Contains(
            "1 letters dropped",
            (await stage.LettersAsync("drop", "--all", "--door", "kafka")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
    }

    [Fact]
    public async Task A_letter_of_the_table_that_is_put_aside_in_the_topic_after_a_crash_is_one_letter()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await stage.Kafka.PublishAsync(
            new Message<byte[]?, byte[]?>
            {
                Key = [1, 2],
                Value = NoCommand,
                Headers = new Confluent.Kafka.Headers { { "attempt", "1"u8.ToArray() }, { "raw", [0xff, 0] } },
            },
            0
        );
        await stage.Kafka.FailAsync("Produce", "TopicAuthorizationFailed", 1000);
        var first = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("the letter in the table", TimeSpan.FromSeconds(60), async () =>
            await stage.CountAsync("SELECT count(*) FROM dead_letters") == 1
        );
        await stage.PlaceAsync(1);
        await first.KillAsync();
        await stage.Kafka.ServeAsync("Produce");
        await stage.ExecuteAsync("UPDATE kafka_places SET next_offset = 0, last_offset = NULL, last_mark = NULL");

        var second = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("the letter in the topic", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(stage.Kafka.DeadLetterCount() == 1)
        );
        Assert.Equal(0, await second.StopAsync());

        var (_, listed) = await stage.LettersAsync("list", "--door", "kafka");
        Assert.Contains("postgresql (kafka): 0 letters and 1 copies of them", listed, StringComparison.Ordinal);
        Assert.Single(listed.Split('\n'), line => line.Contains("bet-commands/0@0", StringComparison.Ordinal));
        Assert.Equal(0, (await stage.LettersAsync("replay", "--all", "--door", "kafka")).ExitCode);
        Assert.Equal(2, stage.Kafka.CommandCount());
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
    }

    [Fact]
    public async Task Through_a_memory_alarm_commands_go_on_and_each_dead_letter_is_kept()
    {
        await using var rabbit = new RabbitServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "alarm")).FullName,
            FreePort.Take()
        );
        await rabbit.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: rabbit);
        BetCommand[] good = [.. Enumerable.Range(1, 200).Select(user => Given.Register(user))];
        var bad = Enumerable.Range(0, 100).Select(number => Encoding.UTF8.GetBytes($"no command {number}")).ToArray();
        await stage.Rabbit.PublishAsync(
            Stage.Encoded(good).Index().SelectMany(one => one.Index % 2 == 0 ? [bad[one.Index / 2], one.Item] : new[] { one.Item })
        );
        await rabbit.SetMemoryAlarmAsync(true);

        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=50");
        await stage.AppliedAsync(good);
        await Deadline.UntilAsync("all letters in the table", TimeSpan.FromSeconds(60), async () =>
            await stage.CountAsync("SELECT count(*) FROM dead_letters") == bad.Length
        );
        await worker.ReadyAsync();
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );

        // The connection holds the letters of the first batch, which the broker takes now.
        await rabbit.SetMemoryAlarmAsync(false);
        Assert.Equal(0, await worker.StopAsync());
        await Deadline.UntilAsync("the copies", TimeSpan.FromSeconds(60), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) > 0
        );
        Assert.InRange(await stage.Rabbit.CountAsync(Rabbit.DeadLetters), 1u, 50u);
        var (_, listed) = await stage.LettersAsync("list", "--door", "rabbitmq", "--limit", "1000");
        Assert.Equal(bad.Length, listed.Split('\n').Count(line => line.Contains("no command", StringComparison.Ordinal)));

        // A replay does not wait for the end of an alarm.
        await rabbit.SetMemoryAlarmAsync(true);
        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
        Assert.Equal(2, code);
        Assert.Contains("rabbitmq: no answer in time", output, StringComparison.Ordinal);
        await rabbit.SetMemoryAlarmAsync(false);
    }

    [Theory]
    // The prefetch count alone would allow 16 GB; a message of the size that is never cut; headers that are large in memory only.
    [InlineData(2_000, 2_000_000, 0)]
    [InlineData(20_000, 32_768, 0)]
    [InlineData(1_500, 10, 120_000)]
    [InlineData(3, 90_000_000, 0)]
    public async Task A_flood_of_large_messages_is_put_aside_in_bounded_memory_and_the_commands_between_and_behind_are_applied_in_order(
        int count,
        int bytes,
        int headerBytes
    )
    {
        await using var stage = await Stage.SetAsync(servers);
        var between = FloodSteps(1, 50);
        var behind = FloodSteps(1001, 500);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        var before = worker.PeakMemory();
        var large = RandomNumberGenerator.GetBytes(bytes);
        // Arrays of small numbers, which take sixteen times their bytes in the client's memory.
        var properties = new BasicProperties
        {
            Persistent = true,
            Headers =
                headerBytes == 0
                    ? null
                    : new Dictionary<string, object?> { ["x"] = Enumerable.Repeat<object?>((byte)1, headerBytes / 2).ToList() },
        };
        for (var sent = 0; sent < count; sent += 50)
        {
            await stage.Rabbit.PublishAsync(Enumerable.Repeat(large, Math.Min(50, count - sent)), properties);
            if (sent == 0)
            {
                await stage.Rabbit.PublishAsync(Stage.Encoded(between));
            }
        }
        await stage.Rabbit.PublishAsync(Stage.Encoded(behind));
        await stage.AppliedAsync([.. between, .. behind]);

        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(240), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == count
        );
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        // A deposit or bet that came before its user or deposit would have been refused.
        Assert.Equal(between.Length + behind.Length, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome = 'accepted'"));
        var peak = worker.PeakMemory();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{count} messages of {bytes} + {headerBytes} bytes: {before >> 20} MB before, {peak >> 20} MB at most"
        );
        Assert.InRange(peak, 0, MemoryLimit);
        await worker.ReadyAsync();
        Assert.Equal(0, await worker.StopAsync());
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("other replicas stand by", StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_RabbitMQ_takes_no_letters_they_go_to_the_table_and_are_listed_shown_replayed_and_dropped_from_there()
    {
        await using var rabbit = new RabbitServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "forbidden")).FullName,
            FreePort.Take()
        );
        await rabbit.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: rabbit);
        BetCommand[] good = [Given.Register(1), Given.Register(2)];
        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = "application/json",
            MessageId = "m-1",
            CorrelationId = "c-1",
            Type = "type-1",
            Timestamp = new AmqpTimestamp(1_600_000_000),
            Headers = new Dictionary<string, object?>
            {
                ["trace"] = "t-1",
                ["type"] = "a header",
                ["nested"] = new Dictionary<string, object?>
                {
                    ["a"] = new List<object?> { 1, "x" },
                },
                ["bytes"] = new byte[] { 0, 255 },
                ["dead-letter-reason"] = "forged",
            },
        };
        byte[] first = "first, no command"u8.ToArray(),
            second = [0, 255, 1];
        var large = RandomNumberGenerator.GetBytes(2_000_000);
        await stage.Rabbit.PublishAsync([first], properties);
        await stage.Rabbit.PublishAsync([second, large]);
        await stage.Rabbit.PublishAsync(Stage.Encoded(good));
        await rabbit.Root.AllowPublishingAsync(false);

        // The queues are there already; this one is bound by a name that it may bind.
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await Deadline.UntilAsync("an unready worker that says why", TimeSpan.FromSeconds(30), async () =>
            (await worker.BodyAsync("/health/ready")).Contains("dead letters are taken by nobody", StringComparison.Ordinal)
        );
        await Deadline.UntilAsync("the letters in the table", TimeSpan.FromSeconds(60), async () =>
            await stage.CountAsync("SELECT count(*) FROM dead_letters") == 3
        );
        await stage.AppliedAsync(good);
        await worker.ReadyAsync();
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        Assert.Equal(3, await worker.MetricAsync("ingest_dead_letters_table_total", "door=\"rabbitmq\""));
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));

        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Contains("postgresql (rabbitmq): 3 letters", output, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", output, StringComparison.Ordinal);
        var listed = (await stage.LettersAsync("list", "--door", "rabbitmq", "--json", "--text", "100"))
            .Output.Split('\n')
            .Where(line => line.StartsWith('{'))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        var (id, idOfSecond) = (IdOf(first), IdOf(second));
        (code, output) = await stage.LettersAsync("show", id);
        Assert.True(code == 0, output);
        Assert.Contains("c-1", output, StringComparison.Ordinal);
        Assert.Contains("nested: {\"a\":[1,\"x\"]}\n", output, StringComparison.Ordinal);
        // A replay that the broker refuses removes nothing.
        Assert.NotEqual(0, (await stage.LettersAsync("replay", "--id", id, "--door", "rabbitmq")).ExitCode);
        Assert.Equal(3L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));

        await rabbit.Root.AllowPublishingAsync(true);
        (code, output) = await stage.LettersAsync("replay", "--id", id, "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Contains("1 letters replayed", output, StringComparison.Ordinal);
        var back = Assert.Single(await stage.Rabbit.TakeCommandsAsync(1));
        Assert.Equal(first, back.Body.ToArray());
        Assert.Equal(
            ("application/json", "m-1", "c-1"),
            (back.BasicProperties.ContentType, back.BasicProperties.MessageId, back.BasicProperties.CorrelationId)
        );
        Assert.Equal(
            ("t-1", "00FF"),
            (
                Encoding.UTF8.GetString((byte[])back.BasicProperties.Headers!["trace"]!),
                Convert.ToHexString((byte[])back.BasicProperties.Headers["bytes"]!)
            )
        );
        Assert.Equal(
            ("type-1", 1_600_000_000L, "a header"),
            (
                back.BasicProperties.Type,
                back.BasicProperties.Timestamp.UnixTime,
                Encoding.UTF8.GetString((byte[])back.BasicProperties.Headers["type"]!)
            )
        );
        Assert.Equal(1, back.BasicProperties.Headers["dead-letter-replays"]);
        Assert.DoesNotContain("dead-letter-reason", back.BasicProperties.Headers.Keys);
        Assert.Contains(
            "1 letters dropped",
            (await stage.LettersAsync("drop", "--id", idOfSecond, "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        // Its row has a part of it.
        Assert.Contains(
            "0 letters replayed",
            (await stage.LettersAsync("replay", "--all", "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(1L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        Assert.Contains(
            "1 letters dropped",
            (await stage.LettersAsync("drop", "--all", "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));

        string IdOf(byte[] body) =>
            listed.Single(letter => letter.GetProperty("bytes").GetInt32() == body.Length).GetProperty("id").GetString()!;
    }

    // Each user registers, gets 10.00 and loses it.
    static BetCommand[] FloodSteps(int first, int users) =>
        [
            .. Enumerable
                .Range(first, users)
                .SelectMany(user => new BetCommand[] { Given.Register(user), Given.Deposit(1000, user), Given.Withdraw(1000, user) }),
        ];

    static string Header(Message<byte[]?, byte[]?> message, string name) => Encoding.UTF8.GetString(message.Headers.GetLastBytes(name));
}
