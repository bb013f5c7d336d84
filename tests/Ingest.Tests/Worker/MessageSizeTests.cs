using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A message has the same outcome whatever else the worker holds when it comes; its size alone decides.</summary>
public sealed class MessageSizeTests(Servers servers)
{
    const string EnvelopeType = "application/vnd.masstransit+json";
    const int MostCommand = CommandContract.MaxBytes,
        MostMessage = CommandContract.MaxMessageBytes;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_envelope_is_applied_up_to_32_KiB_and_above_is_a_dead_letter_that_names_the_limit_whether_anything_is_held_or_not(
        bool isHeld
    )
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync($"bet-replies.size-{isHeld}");
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--Ingest:HeldBytes={HeldMessages.Limit}");
        await worker.ReadyAsync();
        int[] small = [MostCommand, MostCommand + 1, MostMessage - 1, MostMessage],
            large = [MostMessage + 1, 33_000, 131_000, 262_000, 700_000];
        BetCommand[] taken = [.. small.Select((_, at) => Given.Register(at + 1))],
            refused = [.. large.Select((_, at) => Given.Register(at + 101))];
        // The headers stand before the command, or behind it.
        byte[][] envelopes =
        [
            .. small.Zip(taken, (size, one) => Envelope(one, size, queue)),
            .. large.Zip(refused, (size, one) => Envelope(one, size, queue, size % 2 == 0)),
        ];

        await using (var held = isHeld ? await HeldMessages.FillAsync(stage) : null)
        {
            foreach (var envelope in envelopes)
            {
                await stage.Rabbit.PublishAsync([envelope], EnvelopeType);
                if (!isHeld)
                {
                    // Alone: the next one comes when this one is done with.
                    await Deadline.UntilAsync("the answer", TimeSpan.FromSeconds(30), async () =>
                        await stage.Rabbit.CountAsync(queue) == Array.IndexOf(envelopes, envelope) + 1
                    );
                }
            }
            await HeldMessages.ReceivedAsync(stage);
        }
        await stage.AppliedAsync(taken);

        Assert.Equal([1, 2, 3, 4], await UsersAsync(stage));
        var letters = await LettersAsync(stage, large.Length + (isHeld ? HeldMessages.Sizes.Length : 0));
        foreach (var whole in envelopes[small.Length..])
        {
            var letter = Assert.Single(letters, one =>
                Reason(one) == $"$: the message with its envelope is {whole.Length} bytes: keep it within 32768"
            );
            AssertKept(letter, whole, isHeld);
        }
        // The address of who asked stands in the first bytes and is read there, cut or not.
        var answers = await AnswersAsync(stage, queue, envelopes.Length);
        Assert.Equal(small.Length, answers.Count(answer => answer.GetProperty("outcome").GetString() == "accepted"));
        Assert.Equal(large.Length, answers.Count(answer => answer.GetProperty("outcome").GetString() == "dead-letter"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_command_is_applied_up_to_16_KiB_in_an_envelope_or_without_and_above_is_a_dead_letter_that_names_that_limit(
        bool isHeld
    )
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--Ingest:HeldBytes={HeldMessages.Limit}");
        await worker.ReadyAsync();
        int[] sizes = [MostCommand - 1, MostCommand, MostCommand + 1, 20_000, MostMessage, MostMessage + 1, 131_000];
        BetCommand[] raw = [.. sizes.Select((_, at) => Given.Register(at + 1))],
            inside = [Given.Register(101), Given.Register(102)];

        await using (var held = isHeld ? await HeldMessages.FillAsync(stage) : null)
        {
            await stage.Rabbit.PublishAsync(sizes.Zip(raw, Padded));
            await stage.Rabbit.PublishAsync(
                new[] { MostCommand, MostCommand + 1 }.Zip(inside, (size, one) => Wrapped("", Padded(size, one))),
                EnvelopeType
            );
            await HeldMessages.ReceivedAsync(stage);
        }
        await stage.AppliedAsync([.. raw[..2], inside[0]]);

        Assert.Equal([1, 2, 101], await UsersAsync(stage));
        // Also of those that fill what may be held, which are whole but for the last.
        int[] refused = [.. sizes.Where(size => size > MostCommand), MostCommand + 1, .. isHeld ? HeldMessages.Sizes : []];
        var letters = await LettersAsync(stage, refused.Length);
        Assert.Equal(refused.Select(TooLarge).Order(), letters.Select(Reason).Order());
    }

    [Fact]
    public async Task Over_Kafka_a_command_is_applied_up_to_16_KiB_and_above_is_a_dead_letter_that_names_the_limit_whatever_comes_with_it()
    {
        await using var stage = await Stage.SetAsync(servers);
        int[] sizes = [MostCommand, MostCommand + 1, MostMessage, MostMessage + 1, 700_000];
        BetCommand[] commands = [.. sizes.Select((_, at) => Given.Register(at + 1)), .. sizes.Select((_, at) => Given.Register(at + 101))];
        byte[][] messages = [.. sizes.Zip(commands, Padded)];
        // Alone, then with more beside it than a batch of this limit holds.
        await stage.Kafka.PublishAsync(messages);
        await stage.Kafka.PublishAsync([.. Enumerable.Repeat(new byte[300_000], 4), .. sizes.Zip(commands[sizes.Length..], Padded)]);

        stage.Start("--Ingest:Doors=kafka", $"--Ingest:HeldBytes={HeldMessages.Limit}");
        await stage.AppliedAsync([commands[0], commands[sizes.Length]]);

        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(60), () => Task.FromResult(stage.Kafka.DeadLetterCount() == 12));
        Assert.Equal([1, 101], await UsersAsync(stage));
        var letters = stage.Kafka.DeadLetters();
        int[] refused = [.. sizes[1..], .. sizes[1..], .. Enumerable.Repeat(300_000, 4)];
        Assert.Equal(
            refused.Select(TooLarge).Order(),
            letters.Select(letter => Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("dead-letter-reason"))).Order()
        );
        Assert.Equal(refused.Order(), letters.Select(letter => letter.Message.Value!.Length).Order());
    }

    static string TooLarge(int bytes) => $"$: the command is {bytes} bytes: keep it within 16384";

    // All of it where it came alone; else what was kept on arrival.
    static void AssertKept(BasicGetResult letter, byte[] whole, bool isCut)
    {
        if (!isCut)
        {
            Assert.Equal(Hash(whole), Hash(letter.Body.Span));
            Assert.DoesNotContain("dead-letter.truncated", letter.BasicProperties.Headers!.Keys);
            return;
        }
        Assert.Equal(whole[..4000], letter.Body.ToArray());
        Assert.Equal(
            ("body", whole.Length.ToString(CultureInfo.InvariantCulture), Hash(whole)),
            (Header(letter, "dead-letter.truncated"), Header(letter, "dead-letter.size"), Header(letter, "dead-letter.sha256"))
        );
    }

    // As MassTransit writes it, of this many bytes; its headers make it so large.
    static byte[] Envelope(BetCommand command, int bytes, string answerTo, bool headersFirst = false)
    {
        var start =
            $"\"messageId\":\"{Guid.NewGuid()}\",\"requestId\":\"{command.Id}\",\"responseAddress\":\"rabbitmq://localhost/{answerTo}\",";
        var body = CommandEncoder.Encode(command);
        var size = bytes - Wrapped(start + Headers(0), body).Length;
        return headersFirst
            ? Wrapped(start + Headers(size), body)
            : [.. Wrapped(start, body)[..^1], .. Encoding.UTF8.GetBytes($",{Headers(size)[..^1]}}}")];
    }

    static string Headers(int size) => $"\"headers\":{{\"x\":\"{new string('x', size)}\"}},";

    static byte[] Wrapped(string before, byte[] message) => [.. Encoding.UTF8.GetBytes($"{{{before}\"message\":"), .. message, (byte)'}'];

    // White space inside belongs to the command, wherever it stands.
    static byte[] Padded(int bytes, BetCommand command)
    {
        var body = CommandEncoder.Encode(command);
        return [.. body[..^1], .. Enumerable.Repeat((byte)' ', bytes - body.Length), (byte)'}'];
    }

    static async Task<List<long>> UsersAsync(Stage stage)
    {
        await using var users = stage.Postgres.CreateCommand("SELECT array_agg(id ORDER BY id) FROM users WHERE id < 1000000");
        return [.. (long[])(await users.ExecuteScalarAsync(TestContext.Current.CancellationToken))!];
    }

    static async Task<List<BasicGetResult>> LettersAsync(Stage stage, int count)
    {
        await Deadline.UntilAsync($"{count} dead letters", TimeSpan.FromSeconds(60), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == count
        );
        var letters = new List<BasicGetResult>();
        while (await stage.Rabbit.TakeAsync(Rabbit.DeadLetters) is { } letter)
        {
            letters.Add(letter);
        }
        return letters;
    }

    static async Task<List<JsonElement>> AnswersAsync(Stage stage, string queue, int count)
    {
        await Deadline.UntilAsync($"{count} answers", TimeSpan.FromSeconds(60), async () => await stage.Rabbit.CountAsync(queue) == count);
        var answers = new List<JsonElement>();
        while (await stage.Rabbit.TakeAsync(queue) is { } answer)
        {
            answers.Add(JsonDocument.Parse(answer.Body).RootElement.GetProperty("message"));
        }
        return answers;
    }

    static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    static string Reason(BasicGetResult letter) => Header(letter, "dead-letter-reason");

    static string Header(BasicGetResult letter, string name) => Encoding.UTF8.GetString((byte[])letter.BasicProperties.Headers![name]!);
}
