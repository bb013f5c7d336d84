using System.Text.Json;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Letters of RabbitMQ whose headers are tables, lists and other types of AMQP: shown, told apart, and sent back as they came.
/// </summary>
public sealed class NestedHeaderTests(Servers servers)
{
    static readonly byte[] Body = "no command at all"u8.ToArray();

    static readonly Dictionary<string, object?> Rich = new()
    {
        ["table"] = new Dictionary<string, object?>
        {
            ["a"] = new List<object?> { 1, "two", null, true },
            ["b"] = new Dictionary<string, object?> { ["c"] = 1.5 },
        },
        ["list"] = new List<object?>
        {
            new Dictionary<string, object?> { ["x"] = "y" },
            5L,
        },
        ["binary"] = new BinaryTableValue([0, 1, 255]),
        ["bytes"] = new byte[] { 0xFF, 0xFE },
        ["time"] = new AmqpTimestamp(1_700_000_000),
        ["money"] = 12.50m,
        ["nothing"] = null,
        ["yes"] = true,
        ["number"] = 7,
        ["digits"] = "7",
        ["words"] = "plain words",
    };

    [Fact]
    public async Task Header_values_of_every_type_are_shown_as_text_and_sent_back_as_they_came()
    {
        await using var stage = await Stage.SetAsync(servers);
        await PutAsideAsync(
            stage,
            new BasicProperties
            {
                Persistent = true,
                ContentType = "application/json",
                Type = "t-1",
                AppId = "a-1",
                Priority = 3,
                Timestamp = new AmqpTimestamp(1_600_000_000),
                Headers = Rich,
            }
        );
        var letter = Assert.Single(await ListAsync(stage)).GetProperty("headers");
        var expected = new Dictionary<string, string>
        {
            ["table"] = """{"a":[1,"two",null,true],"b":{"c":1.5}}""",
            ["list"] = """[{"x":"y"},5]""",
            ["binary"] = "binary(AAH/)",
            ["bytes"] = "bytes(//4=)",
            ["time"] = "timestamp(1700000000)",
            ["money"] = "decimal(12.50)",
            ["nothing"] = "null",
            ["yes"] = "true",
            ["number"] = "7",
            ["digits"] = "\"7\"",
            ["words"] = "plain words",
            ["properties.type"] = "t-1",
            ["properties.app-id"] = "a-1",
            ["properties.priority"] = "3",
            ["properties.timestamp"] = "1600000000",
        };
        Assert.All(expected, header => Assert.Equal(header.Value, letter.GetProperty(header.Key).GetString()));

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 0, output);
        var back = Assert.Single(await stage.Rabbit.TakeCommandsAsync(1)).BasicProperties;
        Assert.Equal(("t-1", "a-1", (byte)3, 1_600_000_000L), (back.Type, back.AppId, back.Priority, back.Timestamp.UnixTime));
        var headers = back.Headers!;
        // Headers that begin with x- are the broker's and the client's: the client writes the number of a publish into the publisher's own
        // dictionary.
        Assert.Equal(
            Rich.Keys.Append("dead-letter-replays").Where(IsPublishers).Order(StringComparer.Ordinal),
            headers.Keys.Where(IsPublishers).Order(StringComparer.Ordinal)
        );
        var table = Assert.IsType<Dictionary<string, object?>>(headers["table"]);
        Assert.Equal([1, "two"u8.ToArray(), null, true], Assert.IsType<List<object?>>(table["a"]));
        Assert.Equal(1.5, Assert.IsType<Dictionary<string, object?>>(table["b"])["c"]);
        Assert.Equal(5L, Assert.IsType<List<object?>>(headers["list"])[1]);
        Assert.Equal([0, 1, 255], Assert.IsType<BinaryTableValue>(headers["binary"]).Bytes);
        Assert.Equal([0xFF, 0xFE], Assert.IsType<byte[]>(headers["bytes"]));
        Assert.Equal(
            (new AmqpTimestamp(1_700_000_000), 12.50m, null, true, 7),
            (headers["time"], headers["money"], headers["nothing"], headers["yes"], headers["number"])
        );
        Assert.Equal("7"u8.ToArray(), headers["digits"]);
    }

    [Fact]
    public async Task Messages_of_one_body_that_differ_in_a_nested_value_or_a_property_are_letters_of_their_own_and_each_is_sent_back()
    {
        await using var stage = await Stage.SetAsync(servers);
        BasicProperties[] different =
        [
            With("h", new Dictionary<string, object?> { ["id"] = 1 }),
            With("h", new Dictionary<string, object?> { ["id"] = 2 }),
            With("h", new Dictionary<string, object?> { ["id"] = "1" }),
            With("h", new Dictionary<string, object?> { ["id"] = 1.0 }),
            With("h", new List<object?> { 1 }),
            With("h", new List<object?> { 2 }),
            With("h", new List<object?> { new List<object?> { 1 } }),
            With("h", 1),
            With("h", "1"),
            With("h", null),
            With("h", "null"),
            With("h", "[1]"),
            With("h", true),
            With("h", new AmqpTimestamp(1)),
            With("h", 1m),
            With("h", new byte[] { 0xFE }),
            With("h", new byte[] { 0xFF }),
            With("h", new BinaryTableValue([0xFF])),
            With("h", ""),
            new() { Type = "a" },
            new() { Type = "b" },
            new() { AppId = "a" },
            new() { ContentEncoding = "a" },
            new() { Timestamp = new AmqpTimestamp(1) },
            new() { Timestamp = new AmqpTimestamp(2) },
            // The client takes a priority or a timestamp of 0 for none.
            new() { Priority = 2 },
            new() { Priority = 1 },
            new(),
        ];
        await PutAsideAsync(stage, [.. different, With("h", new List<object?> { 1 })]);

        var letters = await ListAsync(stage);
        Assert.Equal(different.Length, letters.Select(letter => letter.GetProperty("id").GetString()).Distinct().Count());
        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 0, output);
        Assert.Contains($"rabbitmq: {different.Length} letters and 1 copies of them replayed", output, StringComparison.Ordinal);
        Assert.Equal((uint)different.Length, await stage.Rabbit.CountAsync(Betting.Contracts.Topics.Commands));
    }

    static bool IsPublishers(string header) => !header.StartsWith("x-", StringComparison.Ordinal);

    static BasicProperties With(string name, object? value) => new() { Headers = new Dictionary<string, object?> { [name] = value } };

    static async Task PutAsideAsync(Stage stage, params BasicProperties[] all)
    {
        foreach (var properties in all)
        {
            properties.Persistent = true;
            await stage.Rabbit.PublishAsync([Body], properties);
        }
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(60), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == all.Length
        );
        Assert.Equal(0, await worker.StopAsync());
    }

    static async Task<List<JsonElement>> ListAsync(Stage stage)
    {
        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq", "--json");
        Assert.True(code == 0, output);
        return [.. output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
