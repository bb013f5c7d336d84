using System.Globalization;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class CommitTests(Servers servers)
{
    const int Partitions = 3;

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>
    /// clickhouse-sink-connector #1299, #1142: offsets are committed before the insert, and what a crash interrupts is lost.
    /// </summary>
    [Fact]
    public async Task An_offset_is_never_committed_before_its_effect_is_stored_also_while_ClickHouse_and_the_sink_are_killed()
    {
        await using var server = new ClickHouseServer(Directory.CreateTempSubdirectory("cdcsink-").FullName, FreePort.Take());
        await server.StartAsync();
        await Schema.ClickHouseMigrator.MigrateAsync(server.ConnectionString("commits"));
        using var client = new ClickHouseClient(server.ConnectionString("commits"));
        await using var stream = await KafkaStream.CreateAsync(servers);
        var group = stream.Bets[..stream.Bets.IndexOf('.', StringComparison.Ordinal)];
        using var reader = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = (await servers.KafkaAsync()).BootstrapServers, GroupId = group }
        ).Build();
        var recording = Recordings.File("churn-3.6");
        // By offset, so that each chunk holds bets of every partition: a chunk without would bring no commit to wait for.
        var chunks = Archive
            .Read(recording)
            .Where(record => !record.Topic.EndsWith(".transaction", StringComparison.Ordinal))
            .OrderBy(record => record.Offset)
            .Chunk(700)
            .ToList();
        Assert.All(chunks, chunk => Assert.Contains(chunk, record => record.Topic == new ChangeTopics(ChangeTopics.DefaultPrefix).Bets));
        var worker = stream.StartWorker(server.ConnectionString("commits"));
        var committed = 0L;
        for (var chunk = 0; chunk < chunks.Count; chunk++)
        {
            await stream.SendAsync(chunks[chunk]);
            if (chunk == 2)
            {
                await server.KillAsync();
                var whileAway = Committed();
                await server.StartAsync();
                await CheckAsync(whileAway);
            }
            if (chunk == 4)
            {
                await worker.KillAsync();
                await CheckAsync(Committed());
                await worker.DisposeAsync();
                worker = stream.StartWorker(server.ConnectionString("commits"));
            }
            await Deadline.UntilAsync("another commit", Limit, async () =>
            {
                var offsets = Committed();
                await CheckAsync(offsets);
                var (before, now) = (committed, offsets.Sum(offset => offset.Offset.Value));
                committed = Math.Max(before, now);
                return now > before;
            });
        }
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        await Expected.AssertEqualsAsync(client, recording);
        await worker.DisposeAsync();

        List<TopicPartitionOffset> Committed() =>
            [
                .. reader
                    .Committed(
                        Enumerable.Range(0, Partitions).Select(partition => new TopicPartition(stream.Bets, partition)),
                        TimeSpan.FromSeconds(20)
                    )
                    .Where(offset => offset.Offset != Offset.Unset),
            ];

        // What is committed was read first: progress can only be further by the time it is asked.
        async Task CheckAsync(List<TopicPartitionOffset> offsets)
        {
            foreach (var offset in offsets)
            {
                var stored = Convert.ToInt64(
                    await client.ExecuteScalarAsync(
                        $"SELECT max(next_offset) FROM sink_progress WHERE topic = '{stream.Bets}' AND partition = {offset.Partition.Value}"
                    ),
                    CultureInfo.InvariantCulture
                );
                Assert.True(offset.Offset <= stored, $"partition {offset.Partition.Value}: {offset.Offset} committed, {stored} stored");
            }
        }
    }
}
