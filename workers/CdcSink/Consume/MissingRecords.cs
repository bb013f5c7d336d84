using Betting.CdcSink.Batches;
using Betting.CdcSink.Write;
using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Consume;

/// <summary>
/// Records that are gone from the middle of a partition: compaction removed them before they were read. Nobody knows what they held, so a
/// reconciliation is asked for.
/// </summary>
public sealed class MissingRecords(
    IOptions<KafkaOptions> kafka, CdcSinkOptions options, ChangeStore store, StartMetrics metrics, TimeProvider clock, ILogger<MissingRecords> log)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10), Wait = TimeSpan.FromMilliseconds(100);

    readonly ChangeTopics _topics = new(options.TopicPrefix);

    /// <summary>To be called before the batch's progress is recorded: interrupted, the same is asked again.</summary>
    public async Task NoticeAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        foreach (var gap in batch.Gaps.Where(gap => !gap.IsMarker && _topics.Tables.Contains(gap.Topic)))
        {
            if (await Task.Run(() => CountAborted(gap, cancellation), cancellation) is { } aborted && gap.IsExplainedBy(aborted))
            {
                continue;
            }
            metrics.Lost(gap.Topic, gap.Size);
            CdcSinkLog.RecordsMissing(log, gap.Topic, gap.Partition, gap.From, gap.To);
            var generation = batch.Positions.Find(position => position.Topic == gap.Topic && position.Partition == gap.Partition).Generation;
            await store.AskReconciliationAsync(
                FormattableString.Invariant($"{gap.Topic} {gap.Partition} has no records from {gap.From} to {gap.To}, generation {generation}"),
                "records are gone from the middle of a partition: compaction removed them before they were read", Hold.Now, cancellation);
        }
    }

    // Null where the brokers did not answer in time.
    long? CountAborted(OffsetGap gap, CancellationToken cancellation)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(kafka.Value.Consumer(config =>
        {
            config.GroupId = "cdc-sink-look";
            config.ClientId = "cdc-sink-look";
            config.EnableAutoCommit = false;
            config.AutoOffsetReset = AutoOffsetReset.Error;
            config.EnablePartitionEof = true;
            config.IsolationLevel = IsolationLevel.ReadUncommitted;
        })).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(gap.Topic, gap.Partition, gap.From));
        var count = 0L;
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < Limit && !cancellation.IsCancellationRequested;)
        {
            try
            {
                if (consumer.Consume(Wait) is not { } consumed)
                {
                    continue;
                }
                if (consumed.IsPartitionEOF || consumed.Offset >= gap.To)
                {
                    return count;
                }
                count++;
            }
            catch (ConsumeException failure) when (!failure.Error.IsFatal)
            {
                // Its broker may answer yet.
            }
        }
        return null;
    }
}
