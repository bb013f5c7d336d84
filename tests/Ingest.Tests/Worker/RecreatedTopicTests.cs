using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// The offsets of the group outlive what they stand for: the topic is deleted and made again, or a stranger in the group commits. On a
/// Kafka of its own where REAL_KAFKA names the tools, else on the stand-in.
/// </summary>
public sealed class RecreatedTopicTests(Servers servers)
{
    const string Told = "bet-commands is another topic than the one that was applied";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_topic_made_anew_while_no_worker_ran_is_read_from_its_first_record_and_told_once()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [Given.Register(1)],
            after = [Given.Register(2)];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        await worker.ReadyAsync();
        Assert.DoesNotContain("has no offset in any partition", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.MetricAsync("ingest_kafka_group_offsets_missing_total"));
        Assert.Equal(0, await worker.StopAsync());

        await broker.RecreateTopicAsync();
        await broker.PublishAsync(Stage.Encoded(after));
        worker = stage.Start(broker.Settings);
        await stage.AppliedAsync(after);
        await worker.ReadyAsync();
        Assert.Single(worker.Log.Split('\n'), line => line.Contains(Told, StringComparison.Ordinal));
        Assert.Equal(1, await worker.MetricAsync("ingest_kafka_group_offsets_missing_total"));
        Assert.Equal(0, await worker.StopAsync());

        worker = stage.Start(broker.Settings);
        await worker.ReadyAsync();
        Assert.DoesNotContain(Told, worker.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_groups_old_offset_in_a_topic_made_anew_passes_over_nothing(bool isKilled)
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [.. Enumerable.Range(1, 20).Select(user => Given.Register(user))],
            after = [.. Enumerable.Range(21, 60).Select(user => Given.Register(user))];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        await stage.PlaceAsync(20);
        if (isKilled)
        {
            await worker.KillAsync();
        }
        else
        {
            Assert.Equal(0, await worker.StopAsync());
        }
        await broker.RecreateTopicAsync();
        await broker.PublishAsync(Stage.Encoded(after));
        await broker.CommitAsync(20);

        worker = stage.Start(broker.Settings);
        await stage.AppliedAsync(after);
        await worker.ReadyAsync();
        await LoggedAsync(worker, Told);
    }

    [Fact]
    [Trait("Category", "real")]
    public async Task A_topic_made_anew_under_a_running_worker_that_grows_beyond_the_old_place_at_once_is_read_whole()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [Given.Register(1), Given.Register(2)],
            after = [.. Enumerable.Range(11, 200).Select(user => Given.Register(user))];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        await stage.PlaceAsync(2);

        await broker.RecreateTopicAsync();
        await broker.PublishAsync(Stage.Encoded(after));
        await stage.AppliedAsync(after);
        await worker.ReadyAsync();
        await LoggedAsync(worker, Told);
        await stage.PlaceAsync(200);
    }

    [Fact]
    [Trait("Category", "real")]
    public async Task An_offset_that_a_stranger_in_the_group_committed_passes_over_nothing()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [Given.Register(1)],
            taken = [Given.Register(2), Given.Register(3)];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        await stage.PlaceAsync(1);
        Assert.Equal(0, await worker.StopAsync());
        await broker.PublishAsync(Stage.Encoded(taken));
        await broker.CommitAsync(3);

        worker = stage.Start(broker.Settings);
        await stage.AppliedAsync(taken);
        await LoggedAsync(worker, "the group stands at offset 3, and PostgreSQL has what is before 1");
    }

    [Fact]
    public async Task A_PostgreSQL_that_went_back_under_a_running_worker_gets_again_what_it_lost()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] kept = [Given.Register(1)],
            lost = [Given.Register(2), Given.Register(3)],
            later = [Given.Register(4)];
        await broker.PublishAsync(Stage.Encoded(kept));
        await stage.AppliedAsync(kept);
        await stage.PlaceAsync(1);
        const string Tables = "users, wallets, commands, ledger_entries, kafka_places";
        await stage.ExecuteAsync(string.Concat(Tables.Split(", ").Select(table => $"CREATE TABLE old_{table} AS TABLE {table};")));
        await broker.PublishAsync(Stage.Encoded(lost));
        await stage.AppliedAsync(lost);
        await stage.PlaceAsync(3);

        // As after a failover to a standby that had not got the last commits.
        await stage.ExecuteAsync(
            $"TRUNCATE {Tables} CASCADE;"
                + string.Concat(Tables.Split(", ").Select(table => $"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE old_{table};"))
        );
        // Also while nothing new comes.
        await stage.AppliedAsync(lost);
        await broker.PublishAsync(Stage.Encoded(later));
        await stage.AppliedAsync(later);
        await stage.PlaceAsync(4);
        await LoggedAsync(worker, "the places of the Kafka partitions are read again from it");
    }

    [Fact]
    public async Task Other_records_in_the_place_of_applied_ones_stop_the_partition_through_restarts_until_an_operator_decides()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        var worker = stage.Start(broker.Settings);
        BetCommand[] before = [Given.Register(1), Given.Register(2)],
            after = [.. Enumerable.Range(11, 30).Select(user => Given.Register(user))];
        await broker.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);
        await stage.PlaceAsync(2);
        Assert.Equal(0, await worker.StopAsync());
        // As where a broker lost its disk: the topic keeps its id, and the group its offsets.
        await broker.RecreateTopicAsync();
        await broker.PublishAsync(Stage.Encoded(after));
        await broker.CommitAsync(2);
        await stage.ExecuteAsync("UPDATE kafka_places SET topic_id = ''");

        for (var start = 0; start < 2; start++)
        {
            worker = stage.Start(broker.Settings);
            await Deadline.UntilAsync("a stopped partition", Limit, async () =>
                (await worker.BodyAsync("/health/ready")).Contains("offset lost in partitions 0", StringComparison.Ordinal)
            );
            await LoggedAsync(
                worker,
                "bet-commands/0: offset 2 (the record before it is another one than that which was applied: "
                    + "records were lost) is gone, there are 0 to 30"
            );
            Assert.Equal(0, await worker.StopAsync());
        }
        Assert.Equal(2, await stage.CountAsync("SELECT count(*) FROM commands"));

        worker = stage.Start([.. broker.Settings, "--Ingest:LostOffset=earliest"]);
        await stage.AppliedAsync(after);
        await worker.ReadyAsync();
    }

    // The line comes through a pipe, and may be later than what readiness says.
    static Task LoggedAsync(IngestProcess worker, string line) =>
        Deadline.UntilAsync(line, Limit, () => Task.FromResult(worker.Log.Contains(line, StringComparison.Ordinal)));
}
