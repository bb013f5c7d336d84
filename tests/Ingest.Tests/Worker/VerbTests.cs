using System.Text;
using Betting.Contracts.Commands;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

[Collection("worker")]
public sealed class VerbTests(Servers servers)
{
    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task A_file_of_commands_is_published_as_it_stands(string door)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Traffic.About(users: 5, events: 2, bets: 300, seed: 6)];
        var file = Path.Combine(stage.Folder, $"{door}.jsonl");
        await File.WriteAllTextAsync(file, string.Join("\r\n", commands.Select(command => Encoding.UTF8.GetString(CommandEncoder.Encode(command)))), TestContext.Current.CancellationToken);

        var (code, output) = await IngestProcess.RunAsync(stage.Folder, ["publish", "--to", door, file, .. stage.Settings[1..2], .. stage.Kafka.Settings]);

        Assert.True(code == 0, output);
        Assert.Contains($"{commands.Length} commands published.", output, StringComparison.Ordinal);
        stage.Start();
        await stage.AppliedAsync(commands);
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
        Assert.Equal(3, (await Ask(Guid.NewGuid())).ExitCode);

        Task<(int ExitCode, string Output)> Ask(Guid id) =>
            IngestProcess.RunAsync(servers.Folder, "outcome", id.ToString(), $"--Postgres:ConnectionString={database.ConnectionString}");
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
        var (code, output) = await IngestProcess.RunAsync(servers.Folder, "--Postgres:ConnectionString=Host=x", "--RabbitMq:Uri=amqp://x", "--Kafka:BootstrapServers=x", "--Ingest:Doors=window");

        Assert.Equal(78, code);
        Assert.Contains("Ingest:Doors: rabbitmq, kafka or both", output, StringComparison.Ordinal);
    }
}
