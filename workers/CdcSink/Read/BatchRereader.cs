using Betting.Brokers;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Read;

/// <summary>Reads a batch's records from their topics again, beside the group, when ClickHouse refused one of them.</summary>
public sealed class BatchRereader(KafkaOptions kafka) : IBatchRereader
{
    static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(200);

    /// <exception cref="ConsumeException">They are no longer in the topic.</exception>
    public Task<IReadOnlyList<StreamRecord>> ReadAsync(ChangeBatch batch, CancellationToken cancellation) =>
        Task.Run<IReadOnlyList<StreamRecord>>(() => Read(batch.Positions, cancellation), cancellation);

    List<StreamRecord> Read(List<PartitionPosition> positions, CancellationToken cancellation)
    {
        var open = positions
            .Where(position => position.FirstOffset is not null)
            .ToDictionary(position => new TopicPartition(position.Topic, position.Partition), position => position.NextOffset);
        var records = new List<StreamRecord>();
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Consumer(Choose))
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        consumer.Assign(
            positions
                .Where(position => position.FirstOffset is not null)
                .Select(position => new TopicPartitionOffset(position.Topic, position.Partition, position.FirstOffset!.Value))
        );
        while (open.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (consumer.Consume(Wait) is not { } consumed || !open.TryGetValue(consumed.TopicPartition, out var next))
            {
                continue;
            }
            if (!consumed.IsPartitionEOF && consumed.Offset < next)
            {
                records.Add(ConsumedRecord.From(consumed));
            }
            if (consumed.IsPartitionEOF || consumed.Offset >= next - 1)
            {
                open.Remove(consumed.TopicPartition);
                consumer.IncrementalUnassign([consumed.TopicPartition]);
            }
        }
        return records;
    }

    static void Choose(ConsumerConfig config)
    {
        config.GroupId = "cdc-sink-again";
        config.ClientId = "cdc-sink-again";
        config.EnableAutoCommit = false;
        config.AutoOffsetReset = AutoOffsetReset.Error;
        config.EnablePartitionEof = true;
        config.AllowAutoCreateTopics = false;
    }
}
