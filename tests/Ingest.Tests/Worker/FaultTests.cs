using System.Net;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

public sealed class FaultTests(Servers servers)
{
    [Fact]
    public async Task Killed_again_and_again_under_traffic_each_command_still_has_one_outcome()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Traffic.About(users: 50, events: 5, bets: 6000, seed: 2)];
        var random = new Random(3);
        // Half through each door, and some through both.
        var publishing = Task.WhenAll(
            stage.Rabbit.PublishAsync(Stage.Encoded(commands.Where((_, index) => index % 2 == 0 || index % 10 == 1))),
            stage.Kafka.PublishAsync(Stage.Encoded(commands.Where((_, index) => index % 2 == 1 || index % 10 == 0)))
        );

        for (var kill = 0; kill < 4; kill++)
        {
            var victim = stage.Start("--Ingest:BatchSize=50");
            var applied = await CountAsync(stage);
            var enough = applied + random.Next(50, 600);
            await Deadline.UntilAsync("some progress", TimeSpan.FromSeconds(60), async () =>
                await CountAsync(stage) is var now && (now >= enough || now == commands.Length)
            );
            await victim.KillAsync();
        }
        await publishing;
        stage.Start();
        await stage.AppliedAsync(commands);
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );

        Assert.Equal(commands.Length, await CountAsync(stage));
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        await Invariants.HoldAsync(stage.Postgres);
    }

    [Fact]
    public async Task While_PostgreSQL_is_away_the_brokers_hold_the_commands_and_nothing_is_lost()
    {
        await using var postgres = new PostgresServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "away")).FullName,
            FreePort.Take()
        );
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 5, bets: 2000, seed: 4)];
        var worker = stage.Start("--Ingest:BatchSize=100");
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands[..500]));
        await stage.AppliedAsync(commands[..500]);

        await postgres.StopAsync();
        await Task.WhenAll(
            stage.Rabbit.PublishAsync(Stage.Encoded(commands[500..1200])),
            stage.Kafka.PublishAsync(Stage.Encoded(commands[1200..]))
        );
        await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(30), async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
        );
        Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/live"));
        await postgres.StartAsync();
        await stage.AppliedAsync(commands);

        await worker.ReadyAsync();
        await Invariants.HoldAsync(stage.Postgres);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        Assert.False(await stage.Rabbit.ExistsAsync(Topics.Commands + "_error"));
        Assert.False(await stage.Rabbit.ExistsAsync(Topics.Commands + "_skipped"));
    }

    [Fact]
    public async Task Asked_to_stop_while_PostgreSQL_is_away_the_worker_gives_everything_back()
    {
        await using var postgres = new PostgresServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "stopped")).FullName,
            FreePort.Take()
        );
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        BetCommand[] commands = [.. Traffic.About(users: 5, events: 2, bets: 100, seed: 5)];
        var worker = stage.Start();
        await worker.ReadyAsync();
        await postgres.StopAsync();
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands));
        await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(30), async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
        );

        Assert.Equal(0, await worker.StopAsync());

        await Deadline.UntilAsync("the commands back in their queue", TimeSpan.FromSeconds(10), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == commands.Length
        );
        await postgres.StartAsync();
        stage.Start();
        await stage.AppliedAsync(commands);
    }

    static async Task<long> CountAsync(Stage stage)
    {
        await using var count = stage.Postgres.CreateCommand("SELECT count(*) FROM commands");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
