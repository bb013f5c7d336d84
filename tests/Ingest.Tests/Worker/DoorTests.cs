using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

public sealed class DoorTests(Servers servers)
{
    [Fact]
    public async Task What_comes_through_both_doors_counts_once()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 5, bets: 1000, seed: 1)];
        await Task.WhenAll(stage.Rabbit.PublishAsync(Stage.Encoded(commands)), stage.Kafka.PublishAsync(Stage.Encoded(commands)));

        var worker = stage.Start();
        await stage.AppliedAsync(commands);
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        await NothingParkedAsync(stage);

        await Invariants.HoldAsync(stage.Postgres);
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task The_order_of_one_publisher_is_kept_through_RabbitMQ()
    {
        await using var stage = await Stage.SetAsync(servers);
        // Each withdrawal is covered only by the deposit just before it.
        BetCommand[] commands =
        [
            Given.Register(),
            .. Enumerable.Range(0, 2000).Select(step => step % 2 == 0 ? (BetCommand)Given.Deposit(1_00) : Given.Withdraw(1_00)),
        ];
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands));

        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(commands);

        await using var refused = stage.Postgres.CreateCommand("SELECT count(*) FROM commands WHERE outcome <> 'accepted'");
        Assert.Equal(0L, await refused.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task One_poison_one_conflict_and_one_refused_do_not_touch_their_497_neighbours(string door)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] good = [Given.Register(), .. Enumerable.Range(0, 496).Select(_ => Given.Deposit(1_00))];
        var refused = Given.Withdraw(1_000_00);
        var poison = "{\"kind\":\"deposit\",\"amount\":\"1e9\"}"u8.ToArray();
        byte[][] messages =
        [
            .. Stage.Encoded(good[..250]),
            poison,
            .. Stage.Encoded([refused, ((Deposit)good[1]) with { Amount = new Money(2_00) }]),
            .. Stage.Encoded(good[250..]),
        ];

        stage.Start($"--Ingest:Doors={door}");
        await (door == "kafka" ? stage.Kafka.PublishAsync(messages) : stage.Rabbit.PublishAsync(messages));
        await stage.AppliedAsync([.. good, refused]);

        await using var outcomes = stage.Postgres.CreateCommand(
            """
            SELECT (SELECT count(*) FROM commands WHERE outcome = 'accepted') || ' ' || (SELECT string_agg(reason, '')
                FROM commands) || ' ' || (SELECT balance FROM wallets)
                || ' ' || (SELECT count(*) FROM command_conflicts)
            """
        );
        Assert.Equal("497 insufficient-funds 496.00 1", await outcomes.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        var (body, headers) = await DeadLetterAsync(stage, door);
        Assert.Equal(poison, body);
        Assert.Equal("amount", headers["dead-letter-field"]);
        Assert.Contains("no exponent", headers["dead-letter-reason"], StringComparison.Ordinal);
        Assert.StartsWith(Topics.Commands, headers["dead-letter-from"], StringComparison.Ordinal);
        await Invariants.HoldAsync(stage.Postgres);
    }

    [Fact]
    public async Task A_command_in_MassTransits_envelope_is_taken_as_well()
    {
        await using var stage = await Stage.SetAsync(servers);
        var command = Given.Register();
        var envelope =
            $$"""{"messageId":"{{Guid.NewGuid()}}","messageType":["urn:message:Upstream:BetCommand"],"message":{{Encoding.UTF8.GetString(CommandEncoder.Encode(command))}},"host":null}""";

        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.Rabbit.PublishAsync([Encoding.UTF8.GetBytes(envelope)], "application/vnd.masstransit+json");

        await stage.AppliedAsync([command]);
    }

    [Fact]
    public async Task A_value_that_only_the_database_refuses_goes_alone_to_the_dead_letters()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using (var rule = stage.Postgres.CreateCommand("ALTER TABLE users ADD CHECK (name <> 'unforeseen')"))
        {
            await rule.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        BetCommand[] good = [.. Enumerable.Range(1, 60).Select(user => Given.Register(user))];
        var bad = new RegisterUser(Given.Id(), Given.Now, 1000, "unforeseen");
        await stage.Kafka.PublishAsync(Stage.Encoded([.. good[..20], bad, .. good[20..]]));

        stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(good);

        var (body, headers) = await DeadLetterAsync(stage, "kafka");
        Assert.Equal(CommandEncoder.Encode(bad), body);
        Assert.StartsWith("$: 23514", "$: " + headers["dead-letter-reason"], StringComparison.Ordinal);
    }

    static Task NothingParkedAsync(Stage stage) => Deadline.UntilAsync("the end of all waiting", TimeSpan.FromSeconds(20), async () =>
        {
            await using var parked = stage.Postgres.CreateCommand("SELECT count(*) FROM parked_commands WHERE waits_for <> 'bet'");
            return (long)(await parked.ExecuteScalarAsync())! == 0;
        });

    static async Task<(byte[] Body, Dictionary<string, string> Headers)> DeadLetterAsync(Stage stage, string door)
    {
        if (door == "kafka")
        {
            var record = stage.Kafka.FirstDeadLetter();
            Assert.NotNull(record);
            return (
                record.Message.Value,
                record.Message.Headers.ToDictionary(header => header.Key, header => Encoding.UTF8.GetString(header.GetValueBytes()))
            );
        }
        await Deadline.UntilAsync("a dead letter", TimeSpan.FromSeconds(10), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        var message = await stage.Rabbit.TakeAsync(Rabbit.DeadLetters);
        return (
            message!.Body.ToArray(),
            message
                .BasicProperties.Headers!.Where(header => header.Value is byte[])
                .ToDictionary(header => header.Key, header => Encoding.UTF8.GetString((byte[])header.Value!))
        );
    }
}
