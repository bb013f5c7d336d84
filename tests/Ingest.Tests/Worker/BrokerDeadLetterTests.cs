using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Commands that RabbitMQ itself gives up: expired ones, and those that were delivered too often.</summary>
public sealed class BrokerDeadLetterTests(Servers servers)
{
    // More than the 32 dead letters that RabbitMQ's at-least-once worker has on the way.
    const int Forged = 40;

    static readonly BasicProperties Expiring = new()
    {
        Persistent = true,
        ContentType = "application/json",
        Expiration = "1",
    };

    [Fact]
    public async Task Forged_deaths_do_not_keep_expired_and_delivery_limited_commands_from_the_dead_letters()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] expired = [.. Enumerable.Range(1, 3).Select(user => Given.Register(user))];
        BetCommand limited = Given.Register(4);
        var death = new Dictionary<string, object?>
        {
            ["queue"] = Rabbit.DeadLetters,
            ["reason"] = "expired",
            ["count"] = 1L,
            ["exchange"] = "",
            ["routing-keys"] = new List<object?> { Rabbit.DeadLetters },
        };
        var forging = new BasicProperties(Expiring)
        {
            Headers = new Dictionary<string, object?> { ["x-death"] = new List<object?> { death } },
        };
        await stage.Rabbit.PublishAsync(Stage.Encoded(Enumerable.Range(100, Forged).Select(user => Given.Register(user))), forging);
        await stage.Rabbit.PublishAsync(Stage.Encoded(expired), Expiring);
        await Deadline.UntilAsync("the expired commands among the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == expired.Length
        );
        await stage.Rabbit.PublishAsync(Stage.Encoded([limited]));
        for (var delivery = 0; delivery <= CommandQueue.DeliveryLimit; delivery++)
        {
            await stage.Rabbit.RefuseCommandAsync();
        }
        await Deadline.UntilAsync("the refused command among the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == expired.Length + 1
        );

        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Equal(expired.Length, output.Split("given up by the broker: expired").Length - 1);
        Assert.Contains("given up by the broker: delivery_limit", output, StringComparison.Ordinal);
        (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([.. expired, limited]);
        await Deadline.UntilAsync("empty queues", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) + await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 0
        );
    }

    [Fact]
    public async Task Headers_like_ours_on_a_command_that_RabbitMQ_gave_up_say_nothing()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand command = Given.Register();
        await stage.Rabbit.PublishAsync(
            Stage.Encoded([command]),
            new BasicProperties(Expiring)
            {
                Headers = new Dictionary<string, object?>
                {
                    ["dead-letter.truncated"] = "body",
                    ["dead-letter-from"] = "elsewhere#1",
                    ["dead-letter-at"] = "2001-01-01T00:00:00Z",
                    ["dead-letter-reason"] = "all is well",
                },
            }
        );
        await Deadline.UntilAsync("a dead letter", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );

        var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq", "--since", "1h");
        Assert.True(code == 0, output);
        Assert.Contains("given up by the broker: expired", output, StringComparison.Ordinal);
        Assert.DoesNotContain("not replayable", output, StringComparison.Ordinal);
        (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([command]);
    }

    [Fact]
    public async Task A_forged_death_does_no_harm_to_a_command_that_does_not_expire()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Enumerable.Range(1, 40).Select(user => Given.Register(user))];
        object?[] deaths =
        [
            "x",
            7,
            new List<object?> { "x" },
            new List<object?>
            {
                new Dictionary<string, object?> { ["queue"] = Rabbit.DeadLetters, ["reason"] = "expired" },
            },
        ];
        foreach (var (command, death) in commands.Zip(Enumerable.Range(0, commands.Length).Select(at => deaths[at % deaths.Length])))
        {
            await stage.Rabbit.PublishAsync(
                Stage.Encoded([command]),
                new BasicProperties
                {
                    ContentType = "application/json",
                    Headers = new Dictionary<string, object?> { ["x-death"] = death },
                }
            );
        }
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(commands);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
    }
}
