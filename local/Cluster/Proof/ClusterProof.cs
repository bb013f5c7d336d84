using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Dapper;
using RabbitMQ.Client;

namespace Betting.Local.Cluster.Proof;

/// <summary>Waits until everything published has arrived everywhere, then checks every invariant.</summary>
/// <param name="cluster">What is proved.</param>
/// <param name="patience">How long Redis and ClickHouse may follow behind PostgreSQL.</param>
public sealed class ClusterProof(Cluster cluster, TimeSpan patience)
{
    /// <summary>How long what was published may take to have its outcome, where nothing else is said.</summary>
    public static readonly TimeSpan Arrival = TimeSpan.FromMinutes(5);

    static readonly TimeSpan BrokerLimit = TimeSpan.FromSeconds(10);

    long _journalBefore;
    long _deadLettersBefore;
    DateTimeOffset _began;

    /// <summary>Remembers what was there before the traffic.</summary>
    public async Task BeginAsync()
    {
        _journalBefore = await JournalAsync();
        _deadLettersBefore = await DeadLettersAsync();
        _began = TimeProvider.System.GetUtcNow();
    }

    /// <summary>Waits until each published message has its outcome or lies among the dead letters.</summary>
    /// <param name="distinct">Different, well-formed commands that the brokers confirmed.</param>
    /// <param name="malformed">Malformed messages that the brokers confirmed.</param>
    /// <param name="limit">How long it may take; <see cref="Arrival"/> by default.</param>
    /// <returns>False where that did not happen in time; the proof then says what is missing.</returns>
    public async Task<bool> ArrivedAsync(long distinct, long malformed, TimeSpan? limit = null)
    {
        try
        {
            await Deadline.UntilAsync("the outcome of every command", limit ?? Arrival, async () =>
                await JournalAsync() - _journalBefore >= distinct && await DeadLettersAsync() - _deadLettersBefore >= malformed
            );
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// Every invariant. Those between stores are asked again until they hold or their time is up: Redis and ClickHouse follow.
    /// </summary>
    public async Task<IReadOnlyList<Invariant>> CheckAsync(long distinct, long malformed)
    {
        var invariants = new List<Invariant>(await LedgerProof.CheckAsync(cluster.Postgres))
        {
            await EventuallyAsync(DeliveryProof.Name, async () =>
                await DeliveryProof.CheckAsync(
                    cluster.Postgres,
                    _journalBefore,
                    distinct,
                    malformed,
                    (await DeadLetterList.BodiesAsync(cluster, _began)).Count
                )
            ),
        };
        foreach (var (name, check) in OtherStores())
        {
            invariants.Add(await EventuallyAsync(name, check));
        }
        return invariants;
    }

    /// <summary>Whether ClickHouse and Redis have all that PostgreSQL has, once they had time to follow.</summary>
    public async Task<bool> StoresAgreeAsync()
    {
        foreach (var (name, check) in OtherStores())
        {
            if (!(await EventuallyAsync(name, check)).Holds)
            {
                return false;
            }
        }
        return true;
    }

    IEnumerable<(string Name, Func<Task<Invariant>> Check)> OtherStores() =>
        [
            .. ComparedRows.All.Select(rows =>
                (rows.Name, (Func<Task<Invariant>>)(() => RowProof.CheckAsync(cluster.Postgres, cluster.ClickHouse, rows)))
            ),
            (CounterProof.Name, () => CounterProof.CheckAsync(cluster.Postgres, cluster.Redis.GetDatabase())),
        ];

    async Task<Invariant> EventuallyAsync(string name, Func<Task<Invariant>> check)
    {
        Invariant? last = null;
        try
        {
            await Deadline.UntilAsync("agreement", patience, async () => (last = await check()).Holds);
        }
        catch (TimeoutException late)
        {
            // What the last look found is the answer; where no look came through, why not.
            return last ?? new Invariant(name, Holds: false, "could not be checked: " + late.Message);
        }
        return last!;
    }

    async Task<long> JournalAsync()
    {
        await using var connection = await cluster.Postgres.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM commands");
    }

    async Task<long> DeadLettersAsync() => await InQueueAsync() + InTopic() + await InTableAsync();

    async Task<long> InTableAsync()
    {
        await using var connection = await cluster.Postgres.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM dead_letters");
    }

    async Task<long> InQueueAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(cluster.Engines.Rabbit.Uri) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        try
        {
            return await channel.MessageCountAsync(Topics.DeadLetter(Topics.Commands));
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException missing)
            when (missing.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return 0;
        }
    }

    long InTopic()
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = cluster.Engines.KafkaBootstrap, GroupId = "proof" }
        )
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = admin.GetMetadata(Topics.DeadLetter(Topics.Commands), BrokerLimit).Topics.Single();
        return topic
            .Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId))
            .Select(partition => consumer.QueryWatermarkOffsets(partition, BrokerLimit))
            .Sum(marks => marks.High.Value - marks.Low.Value);
    }
}
