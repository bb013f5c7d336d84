using Betting.Brokers;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Cut;

/// <summary>Where the topics of rows end at this moment.</summary>
sealed class StreamEnds(IOptions<KafkaOptions> kafka, IOptions<ReconcilerOptions> options)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20),
        PingLimit = TimeSpan.FromSeconds(3);

    /// <summary>Returns when a broker has answered.</summary>
    /// <exception cref="KafkaException">None does.</exception>
    public void Ping()
    {
        using var admin = new AdminClientBuilder(kafka.Value.Admin()).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        admin.GetMetadata(PingLimit);
    }

    /// <summary>The offset after the last record of every partition of users, events and bets that has any.</summary>
    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    public IReadOnlyList<TopicPartitionOffset> Read()
    {
        // A consumer that joins no group and reads nothing.
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            kafka.Value.Consumer(config =>
            {
                config.GroupId = "reconciler";
                // The ends of the log: what an open transaction holds back precedes them.
                config.IsolationLevel = IsolationLevel.ReadUncommitted;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var ends = new List<TopicPartitionOffset>();
        foreach (var name in new ChangeTopics(options.Value.TopicPrefix).Tables)
        {
            var topic = admin.GetMetadata(name, Limit).Topics.Single();
            if (topic.Error.Code == ErrorCode.UnknownTopicOrPart)
            {
                continue;
            }
            if (topic.Error.IsError)
            {
                throw new KafkaException(topic.Error);
            }
            foreach (var partition in topic.Partitions.Select(partition => new TopicPartition(name, partition.PartitionId)))
            {
                var bounds = consumer.QueryWatermarkOffsets(partition, Limit);
                if (bounds.High > bounds.Low)
                {
                    ends.Add(new TopicPartitionOffset(partition, bounds.High));
                }
            }
        }
        return ends;
    }
}
