using System.Text;
using System.Text.Json;
using Betting.BetCommands;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>What a MassTransit publisher of its own would declare; only its shape matters.</summary>
public sealed record BetCommandMessage(Guid Id, string Kind, string IssuedAt, long UserId, string Name);

public sealed record BetAnswer(Guid? Id, string Outcome, string? Reason, bool Duplicate);

public sealed class ReplyTests(Servers servers)
{
    [Fact]
    public async Task A_raw_command_with_an_address_is_answered_after_its_commit_and_the_same_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync("bet-replies.test");
        var (refused, poison) = (Given.Withdraw(5_00), "{\"kind\":\"deposit\"}"u8.ToArray());
        stage.Start("--Ingest:Doors=rabbitmq");
        BetCommand[] commands = [Given.Register(), refused, refused];

        await stage.Rabbit.PublishAsync(
            [.. Stage.Encoded(commands), poison],
            new BasicProperties { ReplyTo = queue, CorrelationId = "mine" }
        );

        var answers = await AnswersAsync(stage, queue, 4);
        Assert.All(answers, answer => Assert.Equal("mine", answer.Correlation));
        string[] expected =
        [
            "accepted - False",
            "rejected insufficient-funds False",
            "rejected insufficient-funds True",
            "dead-letter id: give False",
        ];
        Assert.Equal(
            expected.Order(),
            answers
                .Select(answer =>
                    $"{Text(answer.Json, "outcome")} "
                    + $"{Text(answer.Json, "reason").Split(" dep")[0].Split(" it")[0]} "
                    + $"{answer.Json.GetProperty("duplicate").GetBoolean()}"
                )
                .Order()
        );
    }

    [Fact]
    public async Task An_answer_tells_parked_from_final_and_a_dead_letter_with_a_readable_id_is_answered_with_it()
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync("bet-replies.parked");
        stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:ParkFor=00:05:00");
        var (register, parked) = (Given.Register(), Given.Place(bet: 1, cents: 1_00, onEvent: 9_007_199_254_740_993));
        var broken = Encoding.UTF8.GetBytes($$"""{"kind":"deposit","issuedAt":"yesterday","userId":1,"amount":"1","id":"{{parked.Id}}"}""");

        await stage.Rabbit.PublishAsync([.. Stage.Encoded([register, parked, parked]), broken], new BasicProperties { ReplyTo = queue });

        var answers = (await AnswersAsync(stage, queue, 4)).ConvertAll(answer => answer.Json);
        Assert.All(answers.Where(answer => Text(answer, "outcome") == "parked"), answer =>
        {
            Assert.Equal(
                (false, "unknown-event", "event", "9007199254740993"),
                (answer.GetProperty("final").GetBoolean(), Text(answer, "reason"), Text(answer, "waitsFor"), Text(answer, "waitsForId"))
            );
            Assert.InRange(
                answer.GetProperty("until").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(),
                TimeSpan.FromMinutes(3),
                TimeSpan.FromMinutes(5)
            );
        });
        Assert.Equal(
            ["accepted True", "dead-letter True", "parked False", "parked False"],
            answers.Select(answer => $"{Text(answer, "outcome")} {answer.GetProperty("final").GetBoolean()}").Order()
        );
        Assert.Equal(parked.Id.ToString(), Text(answers.Single(answer => Text(answer, "outcome") == "dead-letter"), "id"));
    }

    [Fact]
    public async Task A_bet_that_waits_for_its_event_after_its_user_has_come_is_answered_with_the_reason_of_the_event()
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync("bet-replies.again");
        stage.Start("--Ingest:Doors=rabbitmq");
        var (bet, properties) = (Given.Place(bet: 1, cents: 1_00), new BasicProperties { ReplyTo = queue });
        await stage.Rabbit.PublishAsync(Stage.Encoded([bet]), properties);
        Assert.Equal("parked unknown-user user", await WaitsAsync());

        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register()]));
        await stage.Rabbit.PublishAsync(Stage.Encoded([bet]), properties);

        Assert.Equal("parked unknown-event event", await WaitsAsync());
        var (code, output) = await IngestProcess.RunAsync(stage.Folder, ["outcome", bet.Id.ToString(), .. stage.Settings]);
        Assert.True(code == 0, output);
        Assert.Contains("unknown-event", output, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown-user", output, StringComparison.Ordinal);

        async Task<string> WaitsAsync()
        {
            var json = Assert.Single(await AnswersAsync(stage, queue, 1)).Json;
            return $"{Text(json, "outcome")} {Text(json, "reason")} {Text(json, "waitsFor")}";
        }
    }

    [Fact]
    public async Task No_answer_is_written_to_a_queue_that_is_not_made_for_answers_and_the_command_counts_all_the_same()
    {
        await using var stage = await Stage.SetAsync(servers);
        var others = await stage.Rabbit.QueueAsync("somebodys-queue");
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        BetCommand[] commands = [Given.Register(1), Given.Register(2), Given.Register(3), Given.Register(4)];
        string[] addresses = [others, Topics.Commands, Rabbit.DeadLetters, "bet-replies.nobody"];

        foreach (var (command, address) in commands.Zip(addresses))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded([command]), new BasicProperties { ReplyTo = address });
        }

        await stage.AppliedAsync(commands);
        await Deadline.UntilAsync("an account of the answers", TimeSpan.FromSeconds(10), async () =>
            await worker.MetricAsync("ingest_replies_total", "result=\"refused\"") == 3
            && await worker.MetricAsync("ingest_replies_total", "result=\"nobody-there\"") == 1
        );
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(
            (0u, 0u, 0u),
            (
                await stage.Rabbit.CountAsync(others),
                await stage.Rabbit.CountAsync(Rabbit.DeadLetters),
                await stage.Rabbit.CountAsync(Topics.Commands)
            )
        );
    }

    [Fact]
    public async Task A_full_reply_queue_of_one_publisher_holds_up_nobody()
    {
        await using var stage = await Stage.SetAsync(servers);
        var (full, commands) = ($"bet-replies-full-{Guid.NewGuid():N}", 2 * RabbitConsumer.Prefetch + 1000);
        await stage.Rabbit.DeclareAsync(full, new() { ["x-max-length"] = 1, ["x-overflow"] = "reject-publish" });
        BetCommand[] answered = [.. Enumerable.Range(1, commands).Select(user => Given.Register(user))];
        var quiet = Given.Register(commands + 1);
        await stage.Rabbit.PublishAsync(Stage.Encoded(answered), new BasicProperties { Persistent = true, ReplyTo = full });
        await stage.Rabbit.PublishAsync(Stage.Encoded([quiet]));

        // Each lot of messages that the broker delivers at once would wait for a minute.
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:ReplyWait=00:01:00");

        await stage.SomeAppliedAsync(commands + 1);
        await Deadline.UntilAsync("an account of the answers", TimeSpan.FromSeconds(30), async () =>
            await worker.MetricAsync("ingest_replies_total", "result=\"not-taken\"")
                + await worker.MetricAsync("ingest_replies_total", "result=\"sent\"")
            == commands
        );
        Assert.Equal(await stage.Rabbit.CountAsync(full), await worker.MetricAsync("ingest_replies_total", "result=\"sent\""));
        Assert.Contains($"An answer could not be sent (RabbitMQ did not take it into \"{full}\"", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        await stage.Rabbit.DeleteAsync(full);
    }

    [Fact]
    public async Task An_answer_over_direct_reply_to_that_its_client_gets_is_counted_as_sent()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await using var services = ClientTests.Client(stage.Settings[1][2..]);
        var client = services.GetRequiredService<IBetCommands>();

        for (var user = 1; user <= 5; user++)
        {
            Assert.True(
                (
                    await client.SendAsync(
                        client.New.RegisterUser(user, "Ada"),
                        TimeSpan.FromSeconds(30),
                        TestContext.Current.CancellationToken
                    )
                ).IsAccepted
            );
        }

        await Deadline.UntilAsync("an account of the answers", TimeSpan.FromSeconds(10), async () =>
            await worker.MetricAsync("ingest_replies_total", "result=\"sent\"") == 5
        );
        Assert.Equal(0, await worker.MetricAsync("ingest_replies_total", "result=\"nobody-there\""));
    }

    [Fact]
    public async Task MassTransits_request_client_gets_the_outcome_in_its_own_type()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        var server = await servers.RabbitAsync();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(server.Uri)));
        await bus.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            var client = bus.CreateRequestClient<BetCommandMessage>(new Uri($"exchange:{Topics.Commands}"), RequestTimeout.After(s: 15));
            var command = Given.Register();

            var answer = await client.GetResponse<BetAnswer>(
                new BetCommandMessage(command.Id, "register-user", CommandTime.ToText(command.IssuedAt), command.UserId, command.Name),
                TestContext.Current.CancellationToken
            );

            Assert.Equal(new BetAnswer(command.Id, "accepted", null, false), answer.Message);
            await stage.AppliedAsync([command]);
        }
        catch (RequestTimeoutException)
        {
            var letter = await stage.Rabbit.TakeAsync(Rabbit.DeadLetters);
            Assert.Fail(
                $"{worker.Log}\n{string.Join('\n', (await worker.BodyAsync("/metrics")).Split('\n').Where(line => line.StartsWith("ingest_", StringComparison.Ordinal) && !line.Contains("bucket", StringComparison.Ordinal)))}\n{(letter is null ? "-" : Encoding.UTF8.GetString(letter.Body.Span))}"
            );
        }
        finally
        {
            await bus.StopAsync(TestContext.Current.CancellationToken);
        }
    }

    static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString()! : "-";

    static async Task<List<(string? Correlation, JsonElement Json)>> AnswersAsync(Stage stage, string queue, int count)
    {
        var answers = new List<(string?, JsonElement)>();
        await Deadline.UntilAsync($"{count} answers", TimeSpan.FromSeconds(30), async () =>
        {
            while (await stage.Rabbit.TakeAsync(queue) is { } message)
            {
                answers.Add(
                    (message.BasicProperties.CorrelationId, JsonDocument.Parse(Encoding.UTF8.GetString(message.Body.Span)).RootElement)
                );
            }
            return answers.Count >= count;
        });
        return answers;
    }
}
