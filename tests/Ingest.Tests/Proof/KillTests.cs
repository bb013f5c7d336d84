using System.Text;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

/// <summary>kill -9 of the worker, of PostgreSQL and of RabbitMQ at moments that nobody chose, under load.</summary>
public sealed class KillTests(Servers servers)
{
    [Fact]
    public async Task Whatever_is_killed_whenever_each_command_has_one_outcome_and_the_ledger_is_right()
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "kills")).FullName;
        await using var postgres = new PostgresServer(folder, FreePort.Take());
        await using var rabbit = new RabbitServer(folder, FreePort.Take());
        await Task.WhenAll(postgres.StartAsync(), rabbit.StartAsync());
        await using var stage = await Stage.SetAsync(servers, postgres, rabbit);
        var upstream = new Upstream(rabbit, stage.Kafka);
        var kills = TestSize.Of(5, 240);
        BetCommand[] commands = [.. Traffic.About(users: 40, events: 5, bets: 250 * kills, seed: 11)];
        var poison = Enumerable.Range(0, kills).Select(kill => Encoding.UTF8.GetBytes($"{{\"poison\":{kill}}}")).ToArray();
        var random = new Random(12);
        var worker = stage.Start("--Ingest:BatchSize=50");
        var victims = new Dictionary<string, int>
        {
            ["Ingest"] = 0,
            ["PostgreSQL"] = 0,
            ["RabbitMQ"] = 0,
        };

        foreach (var (kill, chunk) in commands.Chunk((commands.Length / kills) + 1).Index())
        {
            var encoded = Stage.Encoded(chunk);
            var applied = 0L;
            await Deadline.UntilAsync("a count", TimeSpan.FromSeconds(20), async () => (applied = await AppliedAsync(stage)) >= 0);
            var enough = random.Next(chunk.Length);
            // Half through each door, a tenth through both, and one that is no command.
            var publishing = Task.WhenAll(
                upstream.ToRabbitAsync([.. encoded.Where((_, at) => at % 2 == 0 || at % 10 == 1), poison[kill]]),
                upstream.ToKafkaAsync([.. encoded.Where((_, at) => at % 2 == 1 || at % 10 == 0)])
            );
            await Deadline.UntilAsync($"progress before kill {kill}", TimeSpan.FromSeconds(60), async () =>
                await AppliedAsync(stage) >= applied + enough
            );
            switch (random.Next(8))
            {
                case 0 or 1:
                    victims["RabbitMQ"]++;
                    await rabbit.KillAsync();
                    await rabbit.StartAsync();
                    break;
                case 2 or 3 or 4:
                    victims["PostgreSQL"]++;
                    await postgres.KillAsync();
                    await postgres.StartAsync();
                    break;
                default:
                    victims["Ingest"]++;
                    await worker.KillAsync();
                    worker = stage.Start("--Ingest:BatchSize=50");
                    break;
            }
            await publishing;
        }
        await stage.AppliedAsync(commands);
        await worker.ReadyAsync();
        HashSet<string> sent = [.. poison.Select(Convert.ToHexString)];
        var letters = new HashSet<string>();
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), async () =>
        {
            letters.UnionWith(await upstream.DeadLettersAsync());
            return letters.Count >= sent.Count;
        });

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{commands.Length} commands, kills: {string.Join(", ", victims.Select(victim => $"{victim.Value} {victim.Key}"))}"
        );
        Assert.Equal(commands.Length, await AppliedAsync(stage));
        Assert.Equal(sent, letters);
        await Invariants.HoldAsync(stage.Postgres);
    }

    static async Task<long> AppliedAsync(Stage stage)
    {
        await using var count = stage.Postgres.CreateCommand("SELECT count(*) FROM commands");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
