using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// An outage of each store that Ingest uses: one line when it goes, one when it is back, and the same in readiness and metrics.
/// </summary>
public sealed class OutageLineTests(Servers servers)
{
    static readonly BetCommand ThroughRabbit = Given.Register(2),
        ThroughKafka = Given.Register(3);

    [Fact]
    public async Task PostgreSQL_stopped_while_both_doors_have_commands()
    {
        await using var postgres = new PostgresServer(OwnFolder("line-postgres"), FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        await ToldOnceAsync(
            stage,
            "PostgreSQL",
            "postgres",
            async () =>
            {
                await postgres.StopAsync();
                await PublishAsync(stage);
            },
            postgres.StartAsync
        );
        await stage.AppliedAsync([ThroughRabbit, ThroughKafka]);
    }

    [Fact]
    public async Task PostgreSQL_that_stands_still_while_both_doors_have_commands()
    {
        await using var postgres = new PostgresServer(OwnFolder("line-postgres-still"), FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        var still = Proof.Outage.Paused(postgres);
        await ToldOnceAsync(
            stage,
            "PostgreSQL",
            "postgres",
            async () =>
            {
                await still.BeginAsync();
                await PublishAsync(stage);
            },
            still.EndAsync
        );
        await stage.AppliedAsync([ThroughRabbit, ThroughKafka]);
    }

    [Fact]
    public async Task RabbitMQ_stopped()
    {
        await using var rabbit = new RabbitServer(OwnFolder("line-rabbitmq"), FreePort.Take());
        await rabbit.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: rabbit);
        await ToldOnceAsync(stage, "RabbitMQ", "rabbitmq", rabbit.StopAsync, rabbit.StartAsync);
    }

    [Fact]
    public async Task Kafka_down()
    {
        await using var stage = await Stage.SetAsync(servers);
        await ToldOnceAsync(stage, "Kafka", "kafka", stage.Kafka.DownAsync, stage.Kafka.UpAsync);
    }

    static async Task ToldOnceAsync(Stage stage, string store, string condition, Func<Task> stop, Func<Task> start)
    {
        var worker = stage.Start();
        await worker.ReadyAsync();
        var lines = await worker.Outages.RunAsync(store, condition, stop, start);

        Assert.Single(lines.Away);
        Assert.Single(lines.Back);
        Assert.Equal("", string.Join('\n', lines.Besides.Where(line => !IsLoss(line))));
        Assert.Equal("", string.Join('\n', lines.Traces));
    }

    // Partitions are lost when an outage of Kafka lasts longer than the session: told once, as any other loss.
    static bool IsLoss(string line) => line.Contains(" WRN 190 ", StringComparison.Ordinal);

    static Task PublishAsync(Stage stage) =>
        Task.WhenAll(stage.Rabbit.PublishAsync(Stage.Encoded([ThroughRabbit])), stage.Kafka.PublishAsync(Stage.Encoded([ThroughKafka])));

    string OwnFolder(string name) => Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
}
