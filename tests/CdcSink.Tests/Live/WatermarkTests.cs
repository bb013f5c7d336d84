using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// data_as_of against PostgreSQL's own commit times, while the stream is stopped, killed and late: behind real Kafka and real Debezium
/// where REAL_KAFKA is in the environment, else behind the stand-ins.
/// </summary>
[Trait("Category", "real")]
public sealed class WatermarkTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task No_row_is_missing_at_data_as_of_at_any_moment_of_a_catch_up_of_200_000_changes()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1, batchRecords: 20_000);
        await using var server = await stage.NewPostgresAsync("first");
        await using var reader = new AsOfReader(stage.ClickHouse, server.ConnectionString(LiveStage.Database));
        await reader.PlaceAsync(transactions: 20, betsEach: 100);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("the first watermark", Patience, async () => await reader.CheckAsync() is not null);

        await stage.Stream.PauseCaptureAsync();
        await reader.PlaceAsync(transactions: 2000, betsEach: 100);
        await reader.CheckAsync();
        await stage.Stream.ResumeCaptureAsync();
        await reader.CheckUntilAllAreVisibleAsync(Patience);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{reader.Checks} comparisons, {reader.Partial} of them with a part of the rows visible"
        );
        Assert.True(reader.Partial >= 3, $"{reader.Partial} comparisons during the catch-up are too few");
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task Data_as_of_goes_on_without_changes_and_stands_while_the_connector_or_PostgreSQL_is_down()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var reader = new AsOfReader(stage.ClickHouse, server.ConnectionString(LiveStage.Database));
        await reader.PlaceAsync(transactions: 5, betsEach: 10);
        await stage.CaptureAsync(server, epoch: 1);
        await reader.CheckUntilAllAreVisibleAsync(Patience);

        var idle = await reader.CheckAsync();
        await Deadline.UntilAsync("data_as_of to go on while nothing changes", Patience, async () =>
            await reader.CheckAsync() > idle!.Value.AddSeconds(5)
        );

        await stage.Stream.PauseCaptureAsync();
        await reader.PlaceAsync(transactions: 1, betsEach: 7);
        var paused = await reader.NowAsync();
        var furthest = idle;
        await Deadline.UntilAsync("ten seconds of PostgreSQL's clock", Patience, async () =>
        {
            furthest = await reader.CheckAsync();
            return await reader.NowAsync() > paused.AddSeconds(10);
        });
        Assert.True(
            furthest < paused.AddSeconds(2),
            $"data_as_of went on to {furthest:O} without a connector, which was paused at {paused:O}"
        );
        await stage.Stream.ResumeCaptureAsync();
        await reader.CheckUntilAllAreVisibleAsync(Patience);

        await server.StopAsync();
        NpgsqlConnection.ClearAllPools();
        await server.StartAsync();
        await reader.PlaceAsync(transactions: 3, betsEach: 10);
        await reader.CheckUntilAllAreVisibleAsync(Patience);
        Assert.Empty(stage.Ended);
    }

    /// <summary>
    /// Debezium goes on at the first transaction behind its stored position, and leaves out messages that belong to none. So each restart
    /// swallowed the watermarks until the next change, and the one after them named a predecessor that had never come.
    /// </summary>
    [Fact]
    public async Task A_restart_of_the_connector_on_an_idle_database_loses_no_watermark_and_is_no_sign()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var reader = new AsOfReader(stage.ClickHouse, server.ConnectionString(LiveStage.Database));
        await reader.PlaceAsync(transactions: 5, betsEach: 10);
        await stage.CaptureAsync(server, epoch: 1);
        await reader.CheckUntilAllAreVisibleAsync(Patience);
        for (var round = 0; round < 6; round++)
        {
            await reader.PlaceAsync(transactions: 1, betsEach: 1);
            await stage.Stream.RestartCaptureAsync();
            var restarted = await reader.NowAsync();
            await Deadline.UntilAsync($"data_as_of behind restart {round}", Patience, async () =>
                await reader.CheckAsync() > restarted.AddSeconds(2)
            );
        }
        Assert.Equal(0, await stage.CountAsync("SELECT count() FROM reconciliation_requests"));
        Assert.Equal(
            1,
            await stage.CountAsync("SELECT uniqExact(id) - uniqExactIf(previous, previous IN (SELECT id FROM watermarks)) FROM watermarks")
        );
    }

    [Fact]
    public async Task No_row_is_missing_at_data_as_of_while_one_of_three_brokers_is_gone()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1, brokers: 3);
        await using var server = await stage.NewPostgresAsync("first");
        await using var reader = new AsOfReader(stage.ClickHouse, server.ConnectionString(LiveStage.Database));
        await stage.CaptureAsync(server, epoch: 1);
        for (var round = 0; round < 10; round++)
        {
            await reader.PlaceAsync(transactions: 20, betsEach: 10);
            await reader.CheckAsync();
            if (round == 3)
            {
                await stage.Stream.StopOneBrokerAsync();
            }
        }
        await reader.CheckUntilAllAreVisibleAsync(Patience);
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task Progress_reaches_the_ends_of_topics_that_are_written_in_transactions_and_the_Reconciler_finds_them_equal()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1, exactlyOnce: true);
        await using var server = await stage.NewPostgresAsync("first");
        await using var reader = new AsOfReader(stage.ClickHouse, server.ConnectionString(LiveStage.Database));
        await stage.CaptureAsync(server, epoch: 1);
        await reader.PlaceAsync(transactions: 30, betsEach: 10);
        await reader.CheckUntilAllAreVisibleAsync(Patience);

        using var ends = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig
            {
                BootstrapServers = stage.Stream.BootstrapServers,
                GroupId = "ends",
                IsolationLevel = IsolationLevel.ReadUncommitted,
            }
        ).Build();
        var topics = new ChangeTopics(ChangeTopics.DefaultPrefix).Tables;
        await Deadline.UntilAsync("progress at the end of every partition of rows", Patience, async () =>
        {
            foreach (
                var partition in topics.SelectMany(topic => Enumerable.Range(0, 3).Select(number => new TopicPartition(topic, number)))
            )
            {
                var end = ends.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(20)).High.Value;
                if (
                    end > 0
                    && await stage.CountAsync(
                        $"SELECT max(next_offset) FROM sink_progress WHERE topic = '{partition.Topic}' "
                            + $"AND partition = {partition.Partition.Value}"
                    ) != end
                )
                {
                    return false;
                }
            }
            return true;
        });
        await using var run = EngineProcess.Start(
            "Reconciler run",
            Installed.Own(
                "workers/Reconciler",
                "Reconciler",
                "run",
                $"--ClickHouse:ConnectionString={stage.ClickHouseConnection}",
                $"--Postgres:ConnectionString={server.ConnectionString(LiveStage.Database)}",
                $"--Kafka:BootstrapServers={stage.Stream.BootstrapServers}",
                $"--Connect:Url={stage.Stream.Connect}",
                "--Connect:Connector=betting-1"
            ),
            Path.Combine(stage.Logs, "reconciler.log")
        );
        Assert.True(await run.ExitedWithinAsync(Patience), "the Reconciler's run did not end");
        var said = await File.ReadAllTextAsync(run.LogFile);
        Assert.True(run.ExitCode == 0, said);
        TestContext.Current.TestOutputHelper!.WriteLine(said);
    }
}
