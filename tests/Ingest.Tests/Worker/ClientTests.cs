using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Betting.BetCommands;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Tests.Ingest.Worker;

public sealed class ClientTests(Servers servers)
{
    [Fact]
    public async Task Many_publishers_at_once_each_get_their_own_full_answer()
    {
        await using var stage = await Stage.SetAsync(servers);
        stage.Start("--Ingest:Doors=rabbitmq");
        await using var first = Client(stage.Settings[1][2..]);
        await using var second = Client(stage.Settings[1][2..]);
        IBetCommands[] clients = [first.GetRequiredService<IBetCommands>(), second.GetRequiredService<IBetCommands>()];
        Assert.True(
            (
                await clients[0]
                    .SendAsync(clients[0].New.RegisterUser(1, "Ada"), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)
            ).IsAccepted
        );
        await clients[0].SendAsync(clients[0].New.Deposit(1, 100m), cancellation: TestContext.Current.CancellationToken);

        // Every second withdrawal is refused whatever the order: it is more than there ever is.
        var sent = await Task.WhenAll(
            Enumerable
                .Range(0, 400)
                .Select(async index =>
                {
                    var client = clients[index % 2];
                    var command = client.New.Withdraw(1, index / 2 % 2 == 0 ? 0.10m : 1000m);
                    return (
                        Command: command,
                        Outcome: await client.SendAsync(command, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken)
                    );
                })
        );

        foreach (var (command, outcome) in sent)
        {
            var expected =
                command.Amount.Cents == 10
                    ? new CommandOutcome(command.Id, "accepted", null, null, false)
                    : new CommandOutcome(command.Id, "rejected", "insufficient-funds", null, false);
            Assert.Equal(expected, outcome);
        }
        var again = await clients[1].SendAsync(sent[2].Command, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(sent[2].Outcome with { Duplicate = true }, again);
        var waiting = await clients[1].SendAsync(clients[1].New.SettleBet(77, 1m), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((true, "unknown-bet"), (waiting.IsParked, waiting.Reason));
    }

    [Fact]
    public async Task An_answer_that_comes_before_the_confirm_is_awaited_reaches_its_caller()
    {
        await using var stage = await Stage.SetAsync(servers);
        stage.Start("--Ingest:Doors=rabbitmq");
        await using var services = Client(stage.Settings[1][2..]);
        var client = services.GetRequiredService<IBetCommands>();
        Assert.True(
            (
                await client.SendAsync(client.New.RegisterUser(1, "Ada"), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)
            ).IsAccepted
        );
        var limit = TimeSpan.FromSeconds(40);

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(1, 3000)
                .Select(cents => client.SendAsync(client.New.Deposit(1, cents / 100m), limit, TestContext.Current.CancellationToken))
        );
        Assert.All(outcomes, outcome => Assert.True(outcome.IsAccepted));

        // A caller whose thread is busy: each continuation runs later than the answer of a worker that has nothing else to do.
        using var busy = new BusyThread(TimeSpan.FromMilliseconds(100));
        var late = await busy.RunAsync(() => client.SendAsync(client.New.Deposit(1, 1m), limit, TestContext.Current.CancellationToken));
        Assert.True(late.IsAccepted);
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task What_was_published_is_with_the_broker_and_is_applied_in_order(string via)
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = Client([
            via == "kafka" ? stage.Kafka.Settings[0][2..] : stage.Settings[1][2..],
            $"BetCommands:Via={via}",
        ]);
        var client = services.GetRequiredService<IBetCommands>();
        BetCommand[] commands =
        [
            client.New.RegisterUser(5, "Ada"),
            client.New.RenameUser(5, "Ada L."),
            client.New.ScheduleEvent(6, "City – United", "football", TimeProvider.System.GetUtcNow().AddDays(1)),
            client.New.ChangeEvent(6, status: EventStatus.Live),
            client.New.Deposit(5, 50m),
            client.New.PlaceBet(7, 5, 6, 20m),
            client.New.PlaceBet(8, 5, 6, 5m),
            client.New.PlaceBet(9, 5, 6, 5m),
            client.New.SettleBet(7, 40m),
            client.New.CashOutBet(8, 3m),
            client.New.CancelBet(9),
            client.New.Withdraw(5, 1m),
        ];

        await client.PublishAsync(commands, TestContext.Current.CancellationToken);
        if (via == "rabbitmq")
        {
            Assert.Equal((uint)commands.Length, await stage.Rabbit.CountAsync(Topics.Commands));
        }
        stage.Start($"--Ingest:Doors={via}");
        await stage.AppliedAsync(commands);

        await using var outcomes = stage.Postgres.CreateCommand(
            "SELECT count(*) FILTER (WHERE outcome = 'accepted') || ' ' || (SELECT balance FROM wallets) FROM commands"
        );
        // 50 − 20 − 5 − 5 + 40 + 3 + 5 − 1
        Assert.Equal("12 67.00", await outcomes.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task Many_commands_are_with_the_broker_in_their_order_from_the_first_call_of_a_client_on(string via)
    {
        await using var stage = await Stage.SetAsync(servers);
        for (var client = 0; client < 5; client++)
        {
            await using var services = Client([
                via == "kafka" ? stage.Kafka.Settings[0][2..] : stage.Settings[1][2..],
                $"BetCommands:Via={via}",
            ]);
            var commands = services.GetRequiredService<IBetCommands>();
            BetCommand[] many = [.. Enumerable.Range(1, 1000).Select(cents => commands.New.Deposit(1, cents / 100m))];

            await commands.PublishAsync(many, TestContext.Current.CancellationToken);

            var stored =
                via == "kafka"
                    ? [.. stage.Kafka.Read(Topics.Commands).TakeLast(many.Length).Select(record => IdOf(record.Message.Value!))]
                    : (await stage.Rabbit.TakeCommandsAsync(many.Length)).ConvertAll(message => IdOf(message.Body.ToArray()));
            Assert.Equal(many.Select(command => command.Id), stored);
        }
    }

    [Fact]
    public async Task Many_commands_are_in_order_also_where_the_connection_breaks_again_and_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);
        await using var services = Client(
            $"RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}",
            "BetCommands:OnTheWay=5000",
            "BetCommands:PublishWithin=00:03:00"
        );
        var commands = services.GetRequiredService<IBetCommands>();
        BetCommand[] many = [.. Enumerable.Range(1, 20_000).Select(cents => commands.New.Deposit(1, cents / 100m))];

        var publishing = commands.PublishAsync(many, TestContext.Current.CancellationToken);
        for (var cut = 1; cut <= 4; cut++)
        {
            await Deadline.UntilAsync($"{cut * 3000} commands", TimeSpan.FromSeconds(60), async () =>
                publishing.IsCompleted || await stage.Rabbit.CountAsync(Topics.Commands) >= cut * 3000
            );
            wire.Break();
        }
        await publishing;

        // Some stand there twice; of each the first one counts.
        Assert.Equal(
            many.Select(command => command.Id),
            (await stage.Rabbit.TakeCommandsAsync((int)await stage.Rabbit.CountAsync(Topics.Commands)))
                .Select(message => IdOf(message.Body.ToArray()))
                .Distinct()
        );
    }

    [Fact]
    public async Task What_Kafka_has_of_a_list_that_was_not_confirmed_in_time_is_its_beginning()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = Client(stage.Kafka.Settings[0][2..], "BetCommands:Via=kafka", "BetCommands:PublishWithin=00:00:03");
        var client = services.GetRequiredService<IBetCommands>();
        await client.PublishAsync(client.New.Deposit(1, 1m), TestContext.Current.CancellationToken);
        BetCommand[] many = [.. Enumerable.Range(1, 20_000).Select(cents => client.New.Deposit(1, cents / 100m))];

        stage.Kafka.Pause();
        var refused = await Assert.ThrowsAsync<TimeoutException>(() => client.PublishAsync(many, TestContext.Current.CancellationToken));
        stage.Kafka.Resume();
        var last = client.New.Deposit(1, 2m);
        await client.PublishAsync(last, TestContext.Current.CancellationToken);

        Assert.StartsWith("Kafka did not confirm command ", refused.Message, StringComparison.Ordinal);
        var stored = stage
            .Kafka.Read(Topics.Commands)
            .Skip(1)
            .Select(record => IdOf(record.Message.Value!))
            .Where(id => id != last.Id)
            .ToList();
        Assert.True(stored.Count < many.Length, $"{stored.Count} commands came");
        Assert.Equal(many.Take(stored.Count).Select(command => command.Id), stored);
    }

    [Fact]
    public async Task Calls_that_find_the_clients_queue_full_wait_for_room_and_keep_their_order()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = Client(
            stage.Kafka.Settings[0][2..],
            "BetCommands:Via=kafka",
            "Kafka:Client:queue.buffering.max.messages=1000"
        );
        var client = services.GetRequiredService<IBetCommands>();
        await client.PublishAsync(client.New.Deposit(1, 1m), TestContext.Current.CancellationToken);
        List<BetCommand[]> lists =
        [
            .. Enumerable
                .Range(2, 10)
                .Select(user => Enumerable.Range(1, 400).Select(cents => (BetCommand)client.New.Deposit(user, cents / 100m)).ToArray()),
        ];

        stage.Kafka.Pause();
        var publishing = Task.WhenAll(lists.Select(list => client.PublishAsync(list, TestContext.Current.CancellationToken)));
        Assert.False(
            await Task.WhenAny(publishing, Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, TestContext.Current.CancellationToken))
                == publishing,
            "4,000 commands found room in a queue of 1,000"
        );
        stage.Kafka.Resume();
        await publishing;

        var stored = stage.Kafka.Read(Topics.Commands).Select(record => IdOf(record.Message.Value!)).ToHashSet();
        Assert.All(lists, list =>
            Assert.Equal(list.Select(command => command.Id), stored.Where(list.Select(command => command.Id).ToHashSet().Contains))
        );
    }

    [Fact]
    public async Task A_queue_that_stays_full_is_an_error_in_time_that_says_so_and_leaves_no_gap()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = Client(
            stage.Kafka.Settings[0][2..],
            "BetCommands:Via=kafka",
            "BetCommands:PublishWithin=00:00:10",
            "Kafka:Client:queue.buffering.max.messages=100"
        );
        var client = services.GetRequiredService<IBetCommands>();
        await client.PublishAsync(client.New.Deposit(1, 1m), TestContext.Current.CancellationToken);
        BetCommand[] many = [.. Enumerable.Range(1, 300).Select(cents => client.New.Deposit(1, cents / 100m))];
        stage.Kafka.Pause();
        var started = TimeProvider.System.GetTimestamp();
        await Assert.ThrowsAsync<TimeoutException>(() => client.PublishAsync(many, TestContext.Current.CancellationToken));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(60));
        stage.Kafka.Resume();
        await client.PublishAsync(client.New.Deposit(1, 2m), TestContext.Current.CancellationToken);
        var stored = stage.Kafka.Read(Topics.Commands).Skip(1).SkipLast(1).Select(record => IdOf(record.Message.Value!)).ToList();
        Assert.Equal(many.Take(stored.Count).Select(command => command.Id), stored);
    }

    [Fact]
    public async Task A_client_publishes_again_after_an_answer_that_made_its_producer_unusable()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = Client(stage.Kafka.Settings[0][2..], "BetCommands:Via=kafka", "BetCommands:PublishWithin=00:00:20");
        var client = services.GetRequiredService<IBetCommands>();
        await client.PublishAsync(client.New.Deposit(1, 1m), TestContext.Current.CancellationToken);
        await stage.Kafka.FailAsync("Produce", "OutOfOrderSequenceNumber", 1);
        var failure = await Assert.ThrowsAsync<TimeoutException>(() =>
            client.PublishAsync(client.New.Deposit(1, 2m), TestContext.Current.CancellationToken)
        );
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Assert.IsAssignableFrom<KafkaException>(failure.InnerException).Error.Code);

        var command = client.New.Deposit(1, 3m);
        await client.PublishAsync(command, TestContext.Current.CancellationToken);

        Assert.Equal(command.Id, IdOf(stage.Kafka.Read(Topics.Commands)[^1].Message.Value!));
    }

    [Fact]
    public void A_local_time_is_converted_and_a_time_without_a_zone_is_refused()
    {
        var utc = new DateTime(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc).AddTicks(7);
        BetCommand command = new ScheduleEvent(Guid.NewGuid(), utc.ToLocalTime(), 1, "A – B", "football", utc.ToLocalTime());

        Assert.Equal(new ScheduleEvent(command.Id, utc, 1, "A – B", "football", utc), command);
        Assert.Equal((DateTimeKind.Utc, utc.AddTicks(-7)), (command.IssuedAt.Kind, command.IssuedAt));
        Assert.Contains(
            "\"issuedAt\":\"2026-11-22T12:00:00.000000Z\"",
            Encoding.UTF8.GetString(CommandEncoder.Encode(command with { IssuedAt = utc.ToLocalTime() })),
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => new CancelBet(Guid.NewGuid(), new DateTime(2026, 11, 22), 1));
        Assert.Throws<ArgumentException>(() => command with { IssuedAt = default });
        Assert.Throws<ArgumentException>(() => new ChangeEvent(Guid.NewGuid(), utc, 1, null, null, new DateTime(2026, 11, 22), null));
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task A_command_that_Ingest_would_refuse_is_refused_before_it_is_sent_and_nothing_of_its_list_is_sent(string via)
    {
        await using var stage = await Stage.SetAsync(servers);
        // Each command would be a chunk of its own.
        await using var services = Client([
            via == "kafka" ? stage.Kafka.Settings[0][2..] : stage.Settings[1][2..],
            $"BetCommands:Via={via}",
            "BetCommands:OnTheWay=1",
        ]);
        var client = services.GetRequiredService<IBetCommands>();
        var (good, make) = (client.New.Deposit(1, 1m), client.New);
        (BetCommand Command, string Refusal)[] wrong =
        [
            (make.SettleBet(7, 7m, userId: 0), "userId: write an integer from 1 to"),
            (make.CashOutBet(7, 7m, userId: 0), "userId: write an integer from 1 to"),
            (make.CancelBet(7, userId: 0), "userId: write an integer from 1 to"),
            (make.CancelBet(0), "betId: write an integer from 1 to"),
            (make.Deposit(-1, 1m), "userId: write an integer from 1 to"),
            (make.RegisterUser(1, "Ada 😀"[..5]), @"name: write text in which every \uD8xx has its \uDCxx"),
            (make.RegisterUser(1, "Ada\0"), "name: write text of 1 to 200 characters without U+0000"),
            (make.RegisterUser(1, ""), "name: write text of 1 to 200 characters without U+0000"),
            (make.RenameUser(1, null!), "name: give it: rename-user needs "),
            (make.RenameUser(1, new string('x', 2 * CommandContract.MaxBytes)), "name: write text of 1 to 200 characters without U+0000"),
            (make.Deposit(1, 10_000_000_000m), "amount: write text such as \"100.00\""),
            (make.SettleBet(7, -1_000_000_000_000m), "payout: write text such as \"100.00\""),
            (make.ChangeEvent(6), "$: give at least one of name, category, startTime, status"),
            (make.ChangeEvent(6, status: "live"), "status: write one of SCHEDULED, LIVE, FINISHED"),
            (make.ScheduleEvent(6, "A – B", "football", DateTimeOffset.MaxValue), "startTime: write a moment with its zone"),
            (good with { IssuedAt = DateTime.UnixEpoch }, "issuedAt: write a moment with its zone"),
            (good with { Id = Guid.Empty }, "id: write a UUID as text"),
            (good with { Amount = new Money(long.MinValue) }, "amount: write text such as \"100.00\""),
        ];

        foreach (var (command, refusal) in wrong)
        {
            var one = await Assert.ThrowsAsync<ArgumentException>(() =>
                client.PublishAsync(command, TestContext.Current.CancellationToken)
            );
            var many = await Assert.ThrowsAsync<ArgumentException>(() =>
                client.PublishAsync([good, command], TestContext.Current.CancellationToken)
            );
            Assert.StartsWith($"command {command.Id} was not sent: {refusal}", one.Message, StringComparison.Ordinal);
            Assert.Equal(one.Message, many.Message);
            if (via == "rabbitmq")
            {
                Assert.Equal(
                    one.Message,
                    (
                        await Assert.ThrowsAsync<ArgumentException>(() =>
                            client.SendAsync(command, cancellation: TestContext.Current.CancellationToken)
                        )
                    ).Message
                );
            }
        }
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.PublishAsync([good, null!], TestContext.Current.CancellationToken));
        Assert.Equal("payout", Assert.Throws<ArgumentOutOfRangeException>(() => make.SettleBet(7, 1.001m)).ParamName);
        Assert.Equal("amount", Assert.Throws<ArgumentOutOfRangeException>(() => make.Deposit(7, decimal.MaxValue)).ParamName);

        await client.PublishAsync(good, TestContext.Current.CancellationToken);
        byte[] stored =
            via == "kafka"
                ? Assert.Single(stage.Kafka.Read(Topics.Commands)).Message.Value!
                : Assert.Single(await stage.Rabbit.TakeCommandsAsync(1)).Body.ToArray();
        Assert.Equal(good.Id, IdOf(stored));
        Assert.Equal(0u, via == "kafka" ? 0 : await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_an_error_in_time()
    {
        await using var services = Client($"RabbitMq:Uri=amqp://x:x@127.0.0.1:{FreePort.Take()}/", "BetCommands:PublishWithin=00:00:01");
        var client = services.GetRequiredService<IBetCommands>();

        await Assert.ThrowsAsync<TimeoutException>(() =>
            client.PublishAsync(client.New.CancelBet(3), TestContext.Current.CancellationToken)
        );
        await Assert.ThrowsAsync<TimeoutException>(() =>
            client.SendAsync(client.New.CancelBet(3), TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public void Options_that_cannot_work_are_told_at_boot()
    {
        using var services = Client("BetCommands:Via=kafka", "BetCommands:OnTheWay=0");

        var wrong = Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate);

        Assert.Contains("Kafka:BootstrapServers", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("BetCommands:OnTheWay", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_package_holds_the_contract_and_names_only_the_clients_of_the_brokers()
    {
        var root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));
        var output = Directory.CreateDirectory(Path.Combine(servers.Folder, "package")).FullName;
        using var pack = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [
                    "pack",
                    Path.Combine(root, "shared/BetCommands"),
                    "-c",
                    "Release",
                    "--no-build",
                    "-o",
                    output,
                    "-nodeReuse:false",
                    "-v",
                    "q",
                ]
            )
            {
                RedirectStandardOutput = true,
            }
        )!;
        var said = await pack.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await pack.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(pack.ExitCode == 0, said);

        using var package = ZipFile.OpenRead(Directory.GetFiles(output, "*.nupkg").Single());
        Assert.Equal(
            ["BetCommands.dll", "Brokers.dll", "Contracts.dll"],
            package.Entries.Where(entry => entry.Name.EndsWith(".dll", StringComparison.Ordinal)).Select(entry => entry.Name).Order()
        );
        using var reader = new StreamReader(
            package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open()
        );
        var nuspec = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            ["Confluent.Kafka", "Microsoft.Extensions.Options.ConfigurationExtensions", "RabbitMQ.Client"],
            System
                .Xml.Linq.XDocument.Parse(nuspec)
                .Descendants()
                .Where(element => element.Name.LocalName == "dependency")
                .Select(element => element.Attribute("id")!.Value)
                .Order()
        );
        Assert.DoesNotContain("frameworkReference", nuspec, StringComparison.Ordinal);
    }

    static Guid IdOf(byte[] json) =>
        CommandDecoder.TryDecode(json, out var command, out var refusal) ? command.Id : throw new FormatException(refusal.ToString());

    internal static ServiceProvider Client(params string[] settings) =>
        new ServiceCollection()
            .AddSingleton<IConfiguration>(
                new ConfigurationBuilder()
                    .AddInMemoryCollection(
                        settings
                            .Select(setting => setting.Split('=', 2))
                            .Select(pair => new KeyValuePair<string, string?>(pair[0], pair[1]))
                    )
                    .Build()
            )
            .AddBetCommands()
            .BuildServiceProvider();
}
