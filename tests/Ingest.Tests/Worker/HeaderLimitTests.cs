using System.Text;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Headers cost memory that their bytes do not show, and a command needs none of them.</summary>
public sealed class HeaderLimitTests(Servers servers)
{
    static readonly byte[] NoCommand = "no command at all"u8.ToArray();

    [Fact]
    public async Task Two_hundred_records_of_95_000_empty_headers_are_put_aside_without_them_in_little_memory()
    {
        const int count = 200,
            headers = 95_000;
        await using var stage = await Stage.SetAsync(servers);
        var empty = Empty(headers);
        await stage.Kafka.PublishAsync(
            Enumerable.Range(0, count).Select(_ => new Message<byte[]?, byte[]?> { Value = NoCommand, Headers = empty })
        );
        BetCommand[] good = [Given.Register(1)];
        await stage.Kafka.PublishAsync(Stage.Encoded(good));

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(good);
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(120), () =>
            Task.FromResult(stage.Kafka.DeadLetterCount() == count)
        );

        var peak = worker.PeakMemory();
        TestContext.Current.TestOutputHelper!.WriteLine($"{peak >> 20} MB at most");
        Assert.InRange(peak, 0, 600L << 20);
        var letter = stage.Kafka.DeadLetters()[0].Message;
        Assert.Equal(NoCommand, letter.Value);
        Assert.Equal(("headers", "95000"), (Header(letter, "dead-letter.truncated"), Header(letter, "dead-letter.headers-count")));
        Assert.InRange(letter.Headers.Count, 1, 20);
        var (code, output) = await stage.LettersAsync("list", "--door", "kafka", "--json");
        Assert.True(code == 0, output);
        Assert.Contains($"{count} letters", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecordMemory.MaxHeaders)]
    [InlineData(RecordMemory.MaxHeaders + 1)]
    [InlineData(50_000)]
    public async Task A_command_is_applied_however_many_headers_its_record_has(int headers)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Enumerable.Range(1, 5).Select(user => Given.Register(user))];
        var many = Empty(headers);
        await stage.Kafka.PublishAsync(
            Stage.Encoded(commands).Append(NoCommand).Select(body => new Message<byte[]?, byte[]?> { Value = body, Headers = many })
        );

        stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(commands);

        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), () => Task.FromResult(stage.Kafka.DeadLetterCount() == 1));
        var letter = Assert.Single(stage.Kafka.DeadLetters()).Message;
        Assert.Equal(headers > RecordMemory.MaxHeaders, letter.Headers.TryGetLastBytes("dead-letter.truncated", out _));
        Assert.Equal(headers > RecordMemory.MaxHeaders ? 0 : headers, letter.Headers.Count(header => header.Key == ""));
    }

    [Theory]
    [InlineData(RecordMemory.MaxHeaders - 3)]
    [InlineData(RecordMemory.MaxHeaders)]
    public async Task A_letter_whose_record_has_as_many_headers_as_are_kept_is_replayed_with_all_of_them_again_and_again(int headers)
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishAsync([new Message<byte[]?, byte[]?> { Value = NoCommand, Headers = Empty(headers) }]);
        var worker = stage.Start("--Ingest:Doors=kafka");
        for (var round = 1; round <= 2; round++)
        {
            var expected = round;
            await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), () =>
                Task.FromResult(stage.Kafka.DeadLetters().Count(letter => letter.Message.Value is not null) == expected)
            );

            var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

            Assert.True(code == 0, output);
            Assert.Contains("kafka: 1 letters replayed\n", output, StringComparison.Ordinal);
            Assert.Equal(headers, stage.Kafka.Read(Topics.Commands)[^1].Message.Headers.Count(header => header.Key == ""));
        }
        Assert.Equal(0, await worker.StopAsync());
    }

    [Fact]
    public async Task A_letter_with_too_many_headers_is_listed_and_says_that_it_cannot_be_replayed()
    {
        await using var stage = await Stage.SetAsync(servers);
        var headers = Empty(20_000);
        headers.Add("dead-letter-from", Encoding.UTF8.GetBytes($"{Topics.Commands}/0@0"));
        headers.Add("dead-letter-reason", "old"u8.ToArray());
        await stage.Kafka.PublishAsync(
            new Message<byte[]?, byte[]?> { Value = NoCommand, Headers = headers },
            0,
            Topics.DeadLetter(Topics.Commands)
        );

        var (code, output) = await stage.LettersAsync("list", "--door", "kafka");

        Assert.True(code == 0, output);
        Assert.Contains("old", output, StringComparison.Ordinal);
        Assert.Contains("it has 20002 headers", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_without_a_value_is_told_so_and_comes_back_without_one()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Key = null, Value = null }, 0);
        await stage.Kafka.PublishAsync(new Message<byte[]?, byte[]?> { Key = [], Value = [] }, 0);

        var worker = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), () => Task.FromResult(stage.Kafka.DeadLetterCount() == 2));
        Assert.Equal(0, await worker.StopAsync());

        var letters = stage.Kafka.DeadLetters().OrderBy(each => Header(each.Message, "dead-letter-from"), StringComparer.Ordinal).ToList();
        Assert.Equal((null, null), (letters[0].Message.Key, letters[0].Message.Value));
        Assert.Empty(letters[1].Message.Value!);
        Assert.Equal("$: send a message with a command in it", Header(letters[0].Message, "dead-letter-reason"));
        Assert.Contains("write valid JSON", Header(letters[1].Message, "dead-letter-reason"), StringComparison.Ordinal);
        var (code, output) = await stage.LettersAsync("replay", "--id", $"{Topics.Commands}/0@0");
        Assert.True(code == 0, output);
        Assert.Null(stage.Kafka.Read(Topics.Commands)[^1].Message.Value);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(40)]
    [InlineData(400)]
    public async Task A_command_over_RabbitMQ_is_applied_however_deep_or_many_its_headers_are(int depth)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [Given.Register(1), Given.Register(2)];
        byte[] nested = RawPublisher.Entry("a", 'A', RawPublisher.Nested('A', depth));
        byte[] many = [.. Enumerable.Range(0, 20_000).SelectMany(number => RawPublisher.Entry($"{number:X4}", 'V'))];
        await using (var raw = await RawPublisher.OpenAsync((await servers.RabbitAsync()).Uri))
        {
            await raw.PublishAsync(Topics.Commands, nested, CommandEncoder.Encode(commands[0]));
            await raw.PublishAsync(Topics.Commands, many[..100_002], CommandEncoder.Encode(commands[1]));
        }
        stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:HeldBytes=1048576");
        await stage.AppliedAsync(commands);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
    }

    static Headers Empty(int count)
    {
        var headers = new Headers();
        for (var number = 0; number < count; number++)
        {
            headers.Add("", null);
        }
        return headers;
    }

    static string Header(Message<byte[]?, byte[]?> message, string name) => Encoding.UTF8.GetString(message.Headers.GetLastBytes(name));
}
