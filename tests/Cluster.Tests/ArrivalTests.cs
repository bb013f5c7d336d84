using System.Text;
using Betting.Contracts;
using Betting.Local.Cluster;
using Betting.Local.Cluster.Proof;
using Confluent.Kafka;
using Dapper;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary>What <c>./run</c> says of its end where something has not arrived.</summary>
[Collection(ClusterCollection.Name)]
[Trait("Category", "real")]
public sealed class ArrivalTests(RunningCluster running)
{
    const long First = 8_000_000_000_000_000_001;

    [Theory]
    [InlineData("users", "user_changes", "'Ada ' || n, now()")]
    [InlineData("events", "event_changes", "'Final ' || n, 'football', now(), 'SCHEDULED'")]
    public async Task A_user_and_an_event_that_no_bet_names_have_to_arrive_and_to_be_the_same(string table, string changes, string values)
    {
        var cluster = running.Cluster;
        await using var postgres = await cluster.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await postgres.ExecuteAsync($"INSERT INTO {table} SELECT {First} + n, {values} FROM generate_series(0, 2) AS n");
        try
        {
            Assert.True(await Patient().StoresAgreeAsync(), "the stores do not agree before anything was planted");
            var hasty = new ClusterProof(cluster, TimeSpan.FromMilliseconds(1));
            var rows = ComparedRows.All.Single(each => each.Name.Contains(table, StringComparison.Ordinal));
            await Assert.AllAsync(["true AS deleted", "concat(name, ' renamed') AS name", $"{First} + 5 AS id"], async fault =>
            {
                await PlantAsync(
                    $"""
                    INSERT INTO {changes} SELECT * REPLACE (version + 1 AS version, {fault})
                    FROM {changes} AS source WHERE source.id = {First} ORDER BY source.version DESC LIMIT 1
                    """
                );

                var invariant = await RowProof.CheckAsync(cluster.Postgres, cluster.ClickHouse, rows);
                Assert.False(invariant.Holds, invariant.Detail);
                Assert.False(await ClusterRun.StopInOrderAsync(cluster, hasty, arrived: true));
                Assert.False(File.Exists(cluster.Folder.In("stopped-in-order")));

                await PlantAsync($"ALTER TABLE {changes} DELETE WHERE version % 8 > 0 SETTINGS mutations_sync = 2");
            });
            Assert.True(await ClusterRun.StopInOrderAsync(cluster, Patient(), arrived: true));
            Assert.False(await ClusterRun.StopInOrderAsync(cluster, Patient(), arrived: false));
        }
        finally
        {
            File.Delete(cluster.Folder.In("stopped-in-order"));
            await postgres.ExecuteAsync($"DELETE FROM {table} WHERE id >= {First}");
        }
    }

    [Fact]
    public async Task A_lost_letter_does_not_hide_behind_one_that_came_twice_and_those_of_the_table_count()
    {
        var cluster = running.Cluster;
        var (began, mark) = (TimeProvider.System.GetUtcNow(), Guid.NewGuid().ToString("N"));
        var settings = new ProducerConfig { BootstrapServers = cluster.Engines.KafkaBootstrap };
        using (var producer = new ProducerBuilder<Null, byte[]>(settings).Build())
        {
            var copy = new Message<Null, byte[]> { Value = Encoding.UTF8.GetBytes($"[\"{mark}\"]") };
            await producer.ProduceAsync(Topics.DeadLetter(Topics.Commands), copy, TestContext.Current.CancellationToken);
            await producer.ProduceAsync(Topics.DeadLetter(Topics.Commands), copy, TestContext.Current.CancellationToken);
        }
        Assert.Equal([$"[\"{mark}\"]"], await DeadLetterList.BodiesAsync(cluster, began));
        Assert.True((await CheckAsync(malformed: 1)).Holds);
        Assert.False((await CheckAsync(malformed: 2)).Holds);

        await using var postgres = await cluster.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var letter = await postgres.ExecuteScalarAsync<long>(
            """
            INSERT INTO dead_letters (door, source, put_aside_at, body, headers) VALUES ('kafka', 'bet-commands/3@7', now(), @body, '[]')
            RETURNING letter_id
            """,
            new { body = Encoding.UTF8.GetBytes($"[\"{mark} in the table\"]") }
        );
        try
        {
            Assert.True((await CheckAsync(malformed: 2)).Holds);
        }
        finally
        {
            await postgres.ExecuteAsync("DELETE FROM dead_letters WHERE letter_id = @letter", new { letter });
        }

        async Task<Invariant> CheckAsync(long malformed)
        {
            var journal = (long)(await DeliveryProof.OutcomesAsync(cluster.Postgres)).Values.Sum();
            var letters = (await DeadLetterList.BodiesAsync(cluster, began)).Count;
            return await DeliveryProof.CheckAsync(cluster.Postgres, journal, 0, malformed, letters);
        }
    }

    ClusterProof Patient() => new(running.Cluster, TimeSpan.FromMinutes(1));

    Task<int> PlantAsync(string sql) => running.Cluster.ClickHouse.ExecuteNonQueryAsync(sql);
}
