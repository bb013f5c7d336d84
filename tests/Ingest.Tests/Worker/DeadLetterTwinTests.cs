using System.Text.Json;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Letters of RabbitMQ with one body that are not the same message: content type and headers decide how a body is read.</summary>
public sealed class DeadLetterTwinTests(Servers servers)
{
    const string Envelope = "application/vnd.masstransit+json";

    // With what a letter adds, more than one frame of 128 KiB holds: such a letter is shortened.
    static readonly string Filling = new('x', 130_900);

    [Fact]
    public async Task A_replay_sends_letters_of_one_body_and_different_content_types_each_and_only_true_copies_once()
    {
        await using var stage = await Stage.SetAsync(servers);
        var command = Given.Register();
        var bad = new BasicProperties { Persistent = true, ContentType = Envelope };
        await PutAsideAsync(stage, command, bad, bad);

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 0, output);
        Assert.Contains("rabbitmq: 2 letters and 1 copies of them replayed", output, StringComparison.Ordinal);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([command]);
        await Deadline.UntilAsync("the envelope among the dead letters again", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
    }

    [Fact]
    public async Task A_letter_that_cannot_be_sent_back_stays_and_takes_no_letter_of_the_same_body_with_it()
    {
        await using var stage = await Stage.SetAsync(servers);
        var command = Given.Register();
        await PutAsideAsync(
            stage,
            command,
            new BasicProperties
            {
                Persistent = true,
                ContentType = Envelope,
                Headers = new Dictionary<string, object?> { ["filling"] = Filling },
            }
        );

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 1, output);
        Assert.Contains("rabbitmq: 1 letters replayed, 1 stay", output, StringComparison.Ordinal);
        Assert.Contains("stays: it cannot be sent back: it was shortened", output, StringComparison.Ordinal);
        Assert.Equal(1u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([command]);
        Assert.Equal(1u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
    }

    [Fact]
    public async Task Letters_of_one_body_have_ids_of_their_own_and_one_is_dropped_without_the_other()
    {
        await using var stage = await Stage.SetAsync(servers);
        var command = Given.Register();
        await PutAsideAsync(stage, command, new BasicProperties { Persistent = true, ContentType = Envelope });
        var (_, listed) = await stage.LettersAsync("list", "--door", "rabbitmq", "--json");
        var letters = listed.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(2, letters.Length);
        var id = letters
            .Single(letter => !letter.GetProperty("reason").GetString()!.StartsWith("given up", StringComparison.Ordinal))
            .GetProperty("id")
            .GetString()!;

        var (code, output) = await stage.LettersAsync("drop", "--id", id, "--door", "rabbitmq");

        Assert.True(code == 0, output);
        Assert.Contains("rabbitmq: 1 letters dropped", output, StringComparison.Ordinal);
        Assert.Equal(0, (await stage.LettersAsync("replay", "--all", "--door", "rabbitmq")).ExitCode);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([command]);
    }

    // The command under each of these properties, which make a dead letter of it, and then once as a good one that has expired.
    static async Task PutAsideAsync(Stage stage, BetCommand command, params BasicProperties[] bad)
    {
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        foreach (var properties in bad)
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded([command]), properties);
        }
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == bad.Length
        );
        Assert.Equal(0, await worker.StopAsync());
        await stage.Rabbit.PublishAsync(
            Stage.Encoded([command]),
            new BasicProperties
            {
                Persistent = true,
                ContentType = "application/json",
                Expiration = "1",
            }
        );
        await Deadline.UntilAsync("the expired command", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == bad.Length + 1
        );
    }
}
