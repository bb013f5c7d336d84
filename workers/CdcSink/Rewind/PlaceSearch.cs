using Betting.Brokers;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Rewind;

/// <summary>
/// Finds the first record of a partition that a moment or an LSN names, by reading it from its beginning: neither timestamps nor
/// LSNs only grow in a topic, so nothing shorter would be exact. Brokers that know a moment's offset are believed.
/// </summary>
sealed class PlaceSearch(KafkaOptions kafka, DecoderOptions decoding)
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <param name="bounds">First offset and end of each partition.</param>
    /// <param name="target">A moment or an LSN.</param>
    /// <param name="epoch">The cluster that the LSN is of; newer ones are behind it.</param>
    /// <param name="progress">Told how many records were read.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>By partition; its end where no record is meant.</returns>
    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    public Dictionary<TopicPartition, long> Find(
        IReadOnlyDictionary<TopicPartition, (long Low, long High)> bounds,
        RewindTarget target,
        int epoch,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            kafka.Consumer(config =>
            {
                config.GroupId = "cdc-sink-rewind";
                config.ClientId = "cdc-sink-rewind";
                config.EnableAutoCommit = false;
                config.AutoOffsetReset = AutoOffsetReset.Error;
                config.EnablePartitionEof = true;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        var places = target.Kind == RewindKind.Moment ? Told(consumer, bounds, target.Moment) : [];
        var meant = Meant(target, epoch);
        var read = 0L;
        foreach (var (partition, (low, high)) in bounds.Where(each => !places.ContainsKey(each.Key)))
        {
            places[partition] = low < high ? Scan(consumer, partition, low, high, meant, () => progress(++read), cancellation) : high;
        }
        return places;
    }

    static Dictionary<TopicPartition, long> Told(
        IConsumer<byte[]?, byte[]?> consumer,
        IReadOnlyDictionary<TopicPartition, (long Low, long High)> bounds,
        DateTimeOffset moment
    ) =>
        consumer
            .OffsetsForTimes(
                bounds.Keys.Select(partition => new TopicPartitionTimestamp(
                    partition,
                    new Timestamp(moment.UtcDateTime, TimestampType.CreateTime)
                )),
                Timeout
            )
            .Where(each => !each.Offset.IsSpecial && each.Offset.Value < bounds[each.TopicPartition].High)
            .ToDictionary(each => each.TopicPartition, each => each.Offset.Value);

    static long Scan(
        IConsumer<byte[]?, byte[]?> consumer,
        TopicPartition partition,
        long low,
        long high,
        Func<StreamRecord, bool> meant,
        Action read,
        CancellationToken cancellation
    )
    {
        consumer.Assign(new TopicPartitionOffset(partition, low));
        for (var next = low; next < high; )
        {
            cancellation.ThrowIfCancellationRequested();
            var record = consumer.Consume(Timeout)
                ?? throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"{partition} gives nothing at offset {next}"));
            if (record.IsPartitionEOF)
            {
                // What is left below the end holds no record: transaction markers, aborted transactions.
                break;
            }
            next = record.Offset + 1;
            if (record.Offset < high && meant(ConsumedRecord.From(record)))
            {
                return record.Offset;
            }
            read();
        }
        return high;
    }

    Func<StreamRecord, bool> Meant(RewindTarget target, int epoch)
    {
        if (target.Kind == RewindKind.Moment)
        {
            var moment = target.Moment.ToUnixTimeMilliseconds();
            return record => record.TimestampMs >= moment;
        }
        var decoder = new RecordDecoder(decoding);
        return record =>
        {
            decoder.Decode(record, out var decoded);
            return decoded.Kind is RecordKind.RowChange or RecordKind.Truncate
                && (decoded.Version.Epoch > epoch || (decoded.Version.Epoch == epoch && decoded.Version.Lsn >= target.Lsn));
        };
    }
}
