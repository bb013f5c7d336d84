using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Headers that RabbitMQ takes and RabbitMQ.Client cannot read: it would close the connection, or end the process, at each delivery.
/// </summary>
public sealed class UnreadableHeaderTests(Servers servers)
{
    const string TypeL = "the type L";
    static readonly byte[] NoCommand = "no command at all"u8.ToArray();

    public static TheoryData<string> Kinds => [.. Headers.Keys];

    static readonly Dictionary<string, byte[]> Headers = new()
    {
        ["a decimal of scale 29"] = RawPublisher.Entry("d", 'D', 29, 0, 0, 0, 1),
        ["a decimal of scale 255 in an array in a table"] = RawPublisher.Entry(
            "t",
            'F',
            RawPublisher.Sized(RawPublisher.Entry("a", 'A', RawPublisher.Sized([(byte)'D', 255, 0, 0, 0, 1])))
        ),
        [TypeL] = RawPublisher.Entry("l", 'L', 0, 0, 0, 0, 0, 0, 0, 1),
        ["arrays 20,000 deep"] = RawPublisher.Entry("a", 'A', RawPublisher.Nested('A', 20_000)),
        ["tables 20,000 deep"] = RawPublisher.Entry("f", 'F', RawPublisher.Nested('F', 20_000)),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_command_is_applied_and_what_is_none_is_put_aside_and_no_connection_is_lost(string kind)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] before = [.. Enumerable.Range(1, 20).Select(user => Given.Register(user))],
            after = [.. Enumerable.Range(101, 20).Select(user => Given.Register(user))];
        BetCommand[] strange = [Given.Register(1001), Given.Register(1002)];
        await stage.Rabbit.PublishAsync(Stage.Encoded(before));
        await using (var raw = await RawPublisher.OpenAsync((await servers.RabbitAsync()).Uri))
        {
            foreach (var body in Stage.Encoded(strange).Append(NoCommand))
            {
                await raw.PublishAsync(Topics.Commands, Headers[kind], body);
            }
        }
        await stage.Rabbit.PublishAsync(Stage.Encoded(after));

        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=7");
        await stage.AppliedAsync([.. before, .. strange, .. after]);

        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        Assert.Equal(0, await worker.MetricAsync("ingest_commands_total", "outcome=\"duplicate\""));
        Assert.Equal(0, await worker.StopAsync());
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("other replicas stand by", StringComparison.Ordinal));
        var letter = (await stage.Rabbit.TakeAsync(Rabbit.DeadLetters))!;
        Assert.Equal(NoCommand, letter.Body.ToArray());
        Assert.Equal("m-1", letter.BasicProperties.MessageId);
        if (kind == TypeL)
        {
            // A quorum queue writes it as l, which the client reads; a classic one leaves it as it came.
            Assert.Equal(1L, letter.BasicProperties.Headers!["l"]);
            return;
        }
        Assert.Equal("headers", Text("dead-letter.truncated"));
        Assert.Equal(
            (4 + Headers[kind].Length).ToString(System.Globalization.CultureInfo.InvariantCulture),
            Text("dead-letter.headers-size")
        );
        Assert.StartsWith(
            Convert.ToHexString(Headers[kind].AsSpan(0, Math.Min(300, Headers[kind].Length))),
            Convert.ToHexString(Convert.FromBase64String(Text("dead-letter.headers-bytes")).AsSpan(4)),
            StringComparison.Ordinal
        );

        string Text(string name) => Encoding.UTF8.GetString((byte[])letter.BasicProperties.Headers![name]!);
    }

    [Fact]
    public async Task Letters_with_such_headers_are_listed_and_shown_and_dropped()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using (var raw = await RawPublisher.OpenAsync((await servers.RabbitAsync()).Uri))
        {
            foreach (var headers in Headers.Values)
            {
                await raw.PublishAsync(Rabbit.DeadLetters, headers, NoCommand);
            }
        }
        await stage.Rabbit.PublishAsync([NoCommand]);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await Deadline.UntilAsync("all letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == Headers.Count + 1
        );
        Assert.Equal(0, await worker.StopAsync());

        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Contains("its headers cannot be read", output, StringComparison.Ordinal);
        Assert.Equal(Ids(output), Ids((await stage.LettersAsync("list", "--door", "rabbitmq")).Output));

        // Those that cannot be sent back leave room below the limit for one that can.
        Assert.Contains(
            "rabbitmq: 1 letters would be replayed",
            (await stage.LettersAsync("replay", "--all", "--limit", "1", "--dry-run", "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "rabbitmq: 1 letters replayed",
            (await stage.LettersAsync("replay", "--all", "--limit", "1", "--door", "rabbitmq")).Output,
            StringComparison.Ordinal
        );
        (code, output) = await stage.LettersAsync("drop", "--all", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));

        static string[] Ids(string listed) => [.. listed.Split('\n').Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal)];
    }
}
