using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

public sealed class VerbTests(Servers servers)
{
    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task A_file_of_commands_is_published_as_it_stands_but_for_its_byte_order_mark(string door)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Traffic.About(users: 5, events: 2, bets: 300, seed: 6)];
        var file = Path.Combine(stage.Folder, $"{door}.jsonl");
        // As editors on Windows write it: a byte order mark, and carriage returns.
        await File.WriteAllTextAsync(
            file,
            string.Join("\r\n", commands.Select(command => Encoding.UTF8.GetString(CommandEncoder.Encode(command)))),
            Encoding.UTF8,
            TestContext.Current.CancellationToken
        );

        var (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            ["publish", "--to", door, file, .. stage.Settings[1..2], .. stage.Kafka.Settings]
        );

        Assert.True(code == 0, output);
        Assert.Contains($"{commands.Length} commands published.", output, StringComparison.Ordinal);
        stage.Start();
        await stage.AppliedAsync(commands);
        Assert.Equal((0u, 0L), (await stage.Rabbit.CountAsync(Rabbit.DeadLetters), stage.Kafka.DeadLetterCount()));
    }

    [Theory]
    [InlineData("kafka", 1_200_000)]
    [InlineData("rabbitmq", 134_300_000)]
    public async Task Publish_names_the_line_that_the_broker_does_not_take_and_what_is_confirmed(string door, int bytes)
    {
        await using var stage = await Stage.SetAsync(servers);
        var lines = Stage.Encoded(Enumerable.Range(1, 4).Select(user => Given.Register(user)));
        var file = Path.Combine(stage.Folder, $"{door}-large.jsonl");
        // An empty line counts as a line.
        await File.WriteAllBytesAsync(
            file,
            [.. lines[0], 10, 10, .. Enumerable.Repeat((byte)'x', bytes), 10, .. lines[1], 10, .. lines[2]],
            TestContext.Current.CancellationToken
        );

        var (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            ["publish", "--to", door, file, .. stage.Settings[1..2], .. stage.Kafka.Settings]
        );

        Assert.True(code == 1, $"{code}: {output}");
        Assert.Contains("line 3 was not confirmed: ", output, StringComparison.Ordinal);
        Assert.Contains("1 commands before it are confirmed", output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n'), line => line.StartsWith("Ingest publish:", StringComparison.Ordinal));
        stage.Start($"--Ingest:Doors={door}");
        await stage.SomeAppliedAsync(1);
    }

    // SIGINT does the same; a shell that runs the tests in its background makes their processes ignore it.
    [Fact]
    public async Task Publish_that_is_interrupted_says_how_many_commands_are_confirmed()
    {
        await using var stage = await Stage.SetAsync(servers);
        var file = Path.Combine(stage.Folder, "interrupted.jsonl");
        await File.WriteAllLinesAsync(
            file,
            Stage.Encoded(Enumerable.Range(1, 2_000).Select(user => Given.Register(user))).Select(Encoding.UTF8.GetString),
            TestContext.Current.CancellationToken
        );
        var log = Path.Combine(stage.Folder, "logs", $"publish-{Guid.NewGuid():N}.log");
        await using var publish = EngineProcess.Start(
            "publish",
            Installed.Own("workers/Ingest", "Ingest", ["publish", "--to", "rabbitmq", "--rate", "100", file, stage.Settings[1]]),
            log
        );
        await Deadline.UntilAsync("some that are confirmed", TimeSpan.FromSeconds(60), async () =>
            (await ReadAsync(log))
                .Split('\n')
                .Any(line => line.Contains(" confirmed, ", StringComparison.Ordinal) && !line.StartsWith("0 ", StringComparison.Ordinal))
        );

        publish.Send(Signal.Terminate);

        Assert.True(await publish.ExitedWithinAsync(TimeSpan.FromSeconds(30)), "it did not end");
        Assert.Equal(1, publish.ExitCode);
        var said = Assert.Single((await ReadAsync(log)).Split('\n'), line => line.StartsWith("Ingest publish: ", StringComparison.Ordinal));
        Assert.StartsWith("Ingest publish: interrupted: the first ", said, StringComparison.Ordinal);
        var confirmed = int.Parse(said.Split(' ')[5], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(confirmed, 1, 1_999);
        Assert.Equal((uint)confirmed, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Theory]
    [InlineData("outcome", "01234567-89ab-cdef-0123-456789abcdef")]
    [InlineData("parked", "list")]
    [InlineData("archive")]
    [InlineData("migrate")]
    public async Task A_verb_that_is_interrupted_while_its_store_does_not_answer_ends_with_one_line(params string[] verb)
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var port = ((System.Net.IPEndPoint)silent.LocalEndpoint).Port;
        var log = Path.Combine(servers.Folder, "logs", $"interrupted-{Guid.NewGuid():N}.log");
        await using var process = EngineProcess.Start(
            "verb",
            Installed.Own(
                "workers/Ingest",
                "Ingest",
                [.. verb, $"--Postgres:ConnectionString=Host=127.0.0.1;Port={port};Username=x;Database=x;Timeout=300"]
            ),
            log
        );
        using var accepted = await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken);

        process.Send(Signal.Terminate);

        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(30)), "it did not end");
        Assert.Equal(1, process.ExitCode);
        Assert.EndsWith(": interrupted", (await ReadAsync(log)).Trim(), StringComparison.Ordinal);
    }

    static async Task<string> ReadAsync(string log)
    {
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await reader.ReadToEndAsync();
    }

    [Fact]
    public async Task Publish_passes_over_blank_lines_and_refuses_UTF_16()
    {
        await using var stage = await Stage.SetAsync(servers);
        var file = Path.Combine(stage.Folder, "blank.jsonl");
        await File.WriteAllTextAsync(file, "  \n\t\r\n\n", TestContext.Current.CancellationToken);
        var (code, output) = await IngestProcess.RunAsync(stage.Folder, ["publish", "--to", "rabbitmq", file, stage.Settings[1]]);
        Assert.True(code == 0, output);
        Assert.Contains("0 commands published.", output, StringComparison.Ordinal);
        foreach (
            var encoding in new Encoding[]
            {
                new UnicodeEncoding(bigEndian: false, byteOrderMark: true),
                new UnicodeEncoding(bigEndian: true, byteOrderMark: false),
            }
        )
        {
            await File.WriteAllTextAsync(
                file,
                Encoding.UTF8.GetString(Stage.Encoded([Given.Register(1)])[0]),
                encoding,
                TestContext.Current.CancellationToken
            );
            (code, output) = await IngestProcess.RunAsync(stage.Folder, ["publish", "--to", "rabbitmq", file, stage.Settings[1]]);
            Assert.True(code != 0, output);
            Assert.Contains("FILE is UTF-16: save it as UTF-8", output, StringComparison.Ordinal);
        }
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Theory]
    [InlineData("publish", "--to", "rabbitmq", "/dev/null")]
    [InlineData("dead-letters", "list", "--door", "rabbitmq")]
    public async Task A_verb_ends_with_2_where_RabbitMQ_accepts_connections_and_says_nothing(params string[] verb)
    {
        await using var stage = await Stage.SetAsync(servers);
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();

        var (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            [.. verb, stage.Settings[0], $"--RabbitMq:Uri=amqp://a:b@{silent.LocalEndpoint}/"]
        );

        Assert.True(code == 2, output);
        Assert.Contains($"could not ask RabbitMQ at {silent.LocalEndpoint}: no answer in time", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_outcome_of_a_command_that_is_a_dead_letter_is_told_with_its_reason()
    {
        await using var stage = await Stage.SetAsync(servers);
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        stage.Start();
        await stage.Rabbit.PublishAsync([Broken(first)]);
        await stage.Kafka.PublishAsync([Broken(second)]);
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1 && stage.Kafka.DeadLetterCount() == 1
        );

        foreach (var (id, door) in new[] { (first, "rabbitmq"), (second, "kafka") })
        {
            var (code, output) = await IngestProcess.RunAsync(stage.Folder, ["outcome", id.ToString(), .. stage.Settings]);

            Assert.True(code == 0, output);
            Assert.Contains("outcome    dead-letter", output, StringComparison.Ordinal);
            Assert.Contains("reason     amount: write text such as", output, StringComparison.Ordinal);
            Assert.Contains($"door       {door}", output, StringComparison.Ordinal);
        }
        var (none, said) = await IngestProcess.RunAsync(stage.Folder, ["outcome", Guid.NewGuid().ToString(), .. stage.Settings]);
        Assert.Equal(3, none);
        Assert.Contains("not among the dead letters of RabbitMQ and Kafka.", said, StringComparison.Ordinal);

        // The letter is among Kafka's: who asks RabbitMQ alone does not know, unless Kafka's door is not used.
        string[] rabbit = ["outcome", second.ToString(), .. stage.Settings[..2]];
        var (unknown, why) = await IngestProcess.RunAsync(stage.Folder, rabbit);
        Assert.Equal(2, unknown);
        Assert.Contains(
            "not among the dead letters of RabbitMQ; could not ask Kafka: set Kafka:BootstrapServers",
            why,
            StringComparison.Ordinal
        );
        var (alone, only) = await IngestProcess.RunAsync(stage.Folder, [.. rabbit, "--Ingest:Doors=rabbitmq"]);
        Assert.Equal(3, alone);
        Assert.Contains("not among the dead letters of RabbitMQ.", only, StringComparison.Ordinal);
        Assert.Equal(0, (await IngestProcess.RunAsync(stage.Folder, ["outcome", first.ToString(), .. stage.Settings[..2]])).ExitCode);

        static byte[] Broken(Guid id) =>
            Encoding.UTF8.GetBytes(
                $$"""{"id":"{{id.ToString().ToUpperInvariant()}}","kind":"deposit","issuedAt":"2026-11-22T12:00:00Z","userId":1,"amount":"1,00"}"""
            );
    }

    [Fact]
    public async Task The_outcome_of_a_command_is_told_by_its_id()
    {
        await using var database = await Database.CreateAsync(servers);
        var parked = Given.Settle(1, 0) with { IssuedAt = TimeProvider.System.GetUtcNow().UtcDateTime };
        await database.ApplyAsync(parked);

        var (code, output) = await Ask(parked.Id);
        Assert.True(code == 0, output);
        Assert.Contains("outcome    parked\n", output, StringComparison.Ordinal);
        Assert.Contains("waits for  bet\n", output, StringComparison.Ordinal);
        var (none, said) = await Ask(Guid.NewGuid());
        Assert.Equal(2, none);
        Assert.Contains("could not ask RabbitMQ and Kafka: set RabbitMq:Uri and Kafka:BootstrapServers", said, StringComparison.Ordinal);

        Task<(int ExitCode, string Output)> Ask(Guid id) =>
            IngestProcess.RunAsync(servers.Folder, "outcome", id.ToString(), $"--Postgres:ConnectionString={database.ConnectionString}");
    }

    [Fact]
    public async Task A_broker_that_is_away_is_named_where_the_dead_letters_cannot_be_looked_through()
    {
        await using var database = await Database.CreateAsync(servers);

        foreach (
            var (setting, store) in new[]
            {
                ("--RabbitMq:Uri=amqp://a:b@127.0.0.1:1/", "RabbitMQ at 127.0.0.1:1: connection refused"),
                ("--Kafka:BootstrapServers=127.0.0.1:1", "Kafka at 127.0.0.1:1: "),
            }
        )
        {
            var (code, output) = await IngestProcess.RunAsync(
                servers.Folder,
                "outcome",
                Guid.NewGuid().ToString(),
                $"--Postgres:ConnectionString={database.ConnectionString}",
                setting
            );
            Assert.True(code == 2, output);
            Assert.Contains("could not ask " + store, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Migrate_creates_the_schema_once_and_lets_a_role_log_in()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        string[] migrate = ["migrate", "--role-password", "ingest=secret", $"--Postgres:ConnectionString={database}"];

        var (code, output) = await IngestProcess.RunAsync(servers.Folder, migrate);
        Assert.True(code == 0, output);
        Assert.Contains("scripts applied.", output, StringComparison.Ordinal);
        Assert.Contains("up to date", (await IngestProcess.RunAsync(servers.Folder, migrate)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_setting_ends_the_worker_with_one_clear_line()
    {
        var (code, output) = await IngestProcess.RunAsync(
            servers.Folder,
            "--Postgres:ConnectionString=Host=x",
            "--RabbitMq:Uri=amqp://x",
            "--Kafka:BootstrapServers=x",
            "--Ingest:Doors=window"
        );

        Assert.Equal(78, code);
        Assert.Contains("Ingest:Doors: rabbitmq, kafka or both", output, StringComparison.Ordinal);
    }
}
