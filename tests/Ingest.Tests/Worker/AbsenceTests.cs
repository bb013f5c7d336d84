using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// The series that alerts ask for are there: those of an absent worker whatever stores are away, counters with the labels that are asked
/// for.
/// </summary>
public sealed partial class AbsenceTests(Servers servers)
{
    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    [InlineData("rabbitmq,kafka")]
    public async Task A_replica_that_was_started_while_every_store_is_away_is_not_absent(string doors)
    {
        var absent = Absent().Match(File.ReadAllText(Path.Combine(Installed.ProjectRoot, "compose/alerts/ingest.yml"))).Groups[1].Value;
        await using var worker = IngestProcess.Start(
            servers.Folder,
            $"--Ingest:Doors={doors}",
            "--Postgres:ConnectionString=Host=127.0.0.1;Port=1;Username=x;Database=x",
            "--RabbitMq:Uri=amqp://a:b@127.0.0.1:1/",
            "--Kafka:BootstrapServers=127.0.0.1:1"
        );

        await Deadline.UntilAsync("the page of metrics", TimeSpan.FromSeconds(60), async () =>
        {
            try
            {
                return (await worker.BodyAsync("/metrics")).Contains("worker_ready", StringComparison.Ordinal);
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });

        Assert.Matches($"(?m)^{absent}(\\{{| )", await worker.BodyAsync("/metrics"));
    }

    [Fact]
    public async Task A_conflict_and_a_dead_letter_of_each_door_are_counted_under_the_labels_that_alerts_ask_for()
    {
        await using var stage = await Stage.SetAsync(servers);
        var first = Given.Register(1);
        var other = first with { UserId = 2 };
        var worker = stage.Start();
        await stage.Rabbit.PublishAsync(Stage.Encoded([first]));
        await stage.AppliedAsync([first]);
        await stage.Rabbit.PublishAsync([.. Stage.Encoded([other]), "poison"u8.ToArray()]);
        await stage.Kafka.PublishAsync([.. Stage.Encoded([other]), "poison"u8.ToArray()]);

        foreach (var door in new[] { "door=\"rabbitmq\"", "door=\"kafka\"" })
        {
            await Deadline.UntilAsync($"a conflict and a dead letter, {door}", TimeSpan.FromSeconds(30), async () =>
                await worker.MetricAsync("ingest_commands_total", door, "outcome=\"conflict\"", "kind=\"register-user\"") == 1
                && await worker.MetricAsync("ingest_dead_letters_total", door, "field=\"$\"") == 1
            );
        }
    }

    [GeneratedRegex(@"absent\((\w+)\)")]
    private static partial Regex Absent();
}
