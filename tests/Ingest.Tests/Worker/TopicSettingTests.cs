using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Settings of the topics under which commands are lost: told once, and the worker is not ready until they are right. On a Kafka of its own
/// where REAL_KAFKA names the tools, else on the stand-in.
/// </summary>
[Trait("Category", "real")]
public sealed class TopicSettingTests(Servers servers)
{
    const string Broken = "A setting of Kafka breaks a promise of this worker: ";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_compacted_topic_of_commands_and_letters_that_are_deleted_within_an_hour()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var letters = Topics.DeadLetter(Topics.Commands);
        await broker.SetAsync(Topics.Commands, "cleanup.policy", "compact,delete");
        await broker.SetAsync(letters, "retention.ms", "3600000");

        var worker = stage.Start(broker.Settings);
        await UnreadyAsync(worker, "bet-commands has cleanup.policy=compact,delete", "bet-commands.dead-letter has retention.ms=3600000");
        await broker.SetAsync(Topics.Commands, "cleanup.policy", "delete");
        await Deadline.UntilAsync("one line less", Limit, async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && !why.Contains("cleanup.policy", StringComparison.Ordinal)
            && why.Contains("retention.ms", StringComparison.Ordinal)
        );
        await broker.SetAsync(letters, "retention.ms", null);
        await worker.ReadyAsync();

        var log = worker.Log.Split('\n');
        Assert.Single(log, line => line.Contains($"{Broken}bet-commands has cleanup.policy=compact,delete: ", StringComparison.Ordinal));
        Assert.Single(log, line => line.Contains($"{Broken}bet-commands.dead-letter has retention.ms=3600000: ", StringComparison.Ordinal));
        Assert.Single(log, line => line.Contains("The settings of Kafka keep the promises of this worker again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Brokers_that_do_not_show_the_settings_are_told_once_and_change_nothing()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await stage.Kafka.FailAsync("DescribeConfigs", "TopicAuthorizationFailed", 1_000);
        await stage.Kafka.SetAsync(Topics.Commands, "cleanup.policy", "compact");

        var worker = stage.Start("--Ingest:Doors=kafka");
        const string Told = "The settings of Kafka cannot be looked at (TopicAuthorizationFailed)";
        await Deadline.UntilAsync("the line", Limit, () => Task.FromResult(worker.Log.Contains(Told, StringComparison.Ordinal)));
        await worker.ReadyAsync();
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("cannot be looked at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Topics_that_are_made_after_the_start_are_looked_at()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await stage.Kafka.RemoveAsync(Topics.DeadLetter(Topics.Commands));
        var worker = stage.Start("--Ingest:Doors=kafka");
        await worker.ReadyAsync();

        await stage.Kafka.CreateAsync(Topics.DeadLetter(Topics.Commands));
        await stage.Kafka.SetAsync(Topics.DeadLetter(Topics.Commands), "cleanup.policy", "compact");
        await UnreadyAsync(worker, "bet-commands.dead-letter has cleanup.policy=compact");
        Assert.DoesNotContain("cannot be looked at", worker.Log, StringComparison.Ordinal);
    }

    static Task UnreadyAsync(IngestProcess worker, params string[] lines) =>
        Deadline.UntilAsync("unreadiness that names them", Limit, async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && why.Contains("kafka-settings", StringComparison.Ordinal)
            && Array.TrueForAll(lines, line => why.Contains(line, StringComparison.Ordinal))
        );
}
