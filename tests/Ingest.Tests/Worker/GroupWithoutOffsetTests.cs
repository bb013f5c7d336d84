using System.Net;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// The group has no offset: it expired, or this is the first start. On a Kafka of its own where REAL_KAFKA names the tools, else on the
/// stand-in.
/// </summary>
[Trait("Category", "real")]
public sealed class GroupWithoutOffsetTests(Servers servers)
{
    const string Unread = "bet-commands/0: offset 0 (the group has none and begins there) is gone, there are ",
        Read = "bet-commands/0: offset 1 is gone, there are ";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Records_deleted_before_the_group_had_an_offset_stop_the_partition_until_an_operator_decides(int left)
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [Given.Register(1)];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        Assert.Equal(0, await worker.StopAsync());
        await broker.ForgetGroupAsync();
        BetCommand[] later = [Given.Register(2), Given.Register(3), Given.Register(4)];
        await broker.PublishAsync(Stage.Encoded(later));
        var (end, first) = (broker.End(), broker.End() - left);
        await broker.DeleteRecordsAsync(first);

        worker = stage.Start(broker.Settings);
        await StoppedAsync(worker);
        Assert.Equal(1, await worker.MetricAsync("ingest_kafka_partitions_stopped"));
        Assert.Equal(1, await worker.MetricAsync("ingest_kafka_offsets_lost_total"));
        // PostgreSQL knows how far the topic was applied; the stand-in's is another one.
        Assert.Contains($"{(broker.IsReal ? Read : Unread)}{first} to {end}", worker.Log, StringComparison.Ordinal);
        Assert.Contains($"Ingest:LostOffset=earliest reads from {first}", worker.Log, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/live"));
        Assert.Equal(1, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Equal(0, await worker.StopAsync());

        worker = stage.Start([.. broker.Settings, "--Ingest:LostOffset=earliest"]);
        BetCommand[] kept = [.. later.TakeLast(left), Given.Register(5)];
        await broker.PublishAsync(Stage.Encoded(kept.TakeLast(1)));
        await stage.AppliedAsync(kept);
        await worker.ReadyAsync();
        var loss = broker.IsReal
            ? $"{first - 1} records are lost"
            : $"{first} records were deleted before it, and which of them were applied is not known";
        Assert.Contains(loss, worker.Log, StringComparison.Ordinal);
        Assert.Equal(2 + left, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Equal(0, await worker.StopAsync());

        // The decision is the group's now: the setting may go again.
        worker = stage.Start(broker.Settings);
        await worker.ReadyAsync();
    }

    [Fact]
    public async Task A_coordinator_that_does_not_answer_at_first_changes_nothing_of_that()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        BetCommand[] published = [Given.Register(1), Given.Register(2), Given.Register(3)];
        await stage.Kafka.PublishAsync(Stage.Encoded(published));
        await stage.Kafka.DeleteRecordsAsync("bet-commands", 0, before: 2);
        await stage.Kafka.FailAsync("OffsetFetch", "GroupAuthorizationFailed", 10_000);

        var worker = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("an assignment", Limit, async () =>
            (await worker.BodyAsync("/health/ready")).Contains("the broker does not tell the group's offsets", StringComparison.Ordinal)
        );
        await stage.Kafka.ServeAsync("OffsetFetch");
        await StoppedAsync(worker);
        await Deadline.UntilAsync("the line", Limit, () =>
            Task.FromResult(worker.Log.Contains($"{Unread}2 to 3", StringComparison.Ordinal))
        );
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands"));
    }

    [Fact]
    public async Task A_partition_that_was_added_and_has_its_first_record_is_read_and_one_that_has_not_is_stopped()
    {
        await using var stage = await Stage.SetKafkaAsync(servers, partitions: 2);
        BetCommand[] whole = [Given.Register(1)],
            gone = [Given.Register(2), Given.Register(3)];
        await stage.Kafka.PublishAsync(Stage.Encoded(whole), partition: 1);
        await stage.Kafka.PublishAsync(Stage.Encoded(gone));
        await stage.Kafka.DeleteRecordsAsync("bet-commands", 0, before: 1);

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(whole);
        await StoppedAsync(worker);
        Assert.Equal(1, await stage.CountAsync("SELECT count(*) FROM commands"));
    }

    [Fact]
    public async Task Several_partitions_without_records_are_each_decided_once_where_the_first_record_is_to_be_read()
    {
        await using var stage = await Stage.SetKafkaAsync(servers, partitions: 3);
        for (var partition = 0; partition < 3; partition++)
        {
            await stage.Kafka.PublishAsync(Stage.Encoded([Given.Register(1 + partition)]), partition: partition);
            await stage.Kafka.DeleteRecordsAsync("bet-commands", partition, before: 1);
        }
        var worker = stage.Start("--Ingest:Doors=kafka", "--Ingest:LostOffset=earliest");
        await Deadline.UntilAsync("three decisions", Limit, async () => await worker.MetricAsync("ingest_kafka_offsets_lost_total") >= 3);
        await worker.ReadyAsync();

        BetCommand[] later = [Given.Register(11), Given.Register(12), Given.Register(13)];
        for (var partition = 0; partition < 3; partition++)
        {
            await stage.Kafka.PublishAsync(Stage.Encoded([later[partition]]), partition: partition);
        }
        await stage.AppliedAsync(later);
        Assert.Equal(3, await worker.MetricAsync("ingest_kafka_offsets_lost_total"));
    }

    static Task StoppedAsync(IngestProcess worker) =>
        Deadline.UntilAsync("a stopped partition", Limit, async () =>
            (await worker.BodyAsync("/health/ready")).Contains("offset lost in partitions 0", StringComparison.Ordinal)
        );
}
