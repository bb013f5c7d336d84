using System.Globalization;
using System.Text;
using Betting.Connections;
using Betting.DeadLetters;
using Betting.Ingest.Batches;
using Confluent.Kafka;

namespace Betting.Ingest.Doors;

/// <summary>Records being applied, and the offsets that may be committed after it.</summary>
sealed class KafkaBatch
{
    readonly Dictionary<TopicPartition, Offset> _next = [];

    KafkaBatch(List<ConsumeResult<byte[]?, byte[]>> records, Func<List<Delivery>, Task> handle)
    {
        foreach (var record in records)
        {
            // Records of one partition come in order, so the last one wins.
            _next[record.TopicPartition] = record.Offset + 1;
        }
        (Count, Oldest) = (records.Count, KafkaTime.At(records[0].Message.Timestamp).UtcDateTime);
        Handling = handle(records.ConvertAll(Read));
    }

    public Task Handling { get; }

    public int Count { get; }

    /// <summary>When its first record was written, UTC.</summary>
    public DateTime Oldest { get; }

    public static KafkaBatch Start(List<ConsumeResult<byte[]?, byte[]>> records, BatchHandler handler, CancellationToken stopping) =>
        new(records, deliveries => HandleAsync(deliveries, handler, stopping));

    /// <summary>True where it has ended, well or not.</summary>
    public bool EndsWithin(TimeSpan limit) => Task.WaitAny([Handling], limit) == 0;

    public void ThrowIfFailed() => Handling.GetAwaiter().GetResult();

    /// <summary>Where each partition goes on when the batch is applied.</summary>
    public IEnumerable<TopicPartitionOffset> Next => _next.Select(next => new TopicPartitionOffset(next.Key, next.Value));

    public void StoreOffsets(IConsumer<byte[]?, byte[]> consumer)
    {
        foreach (var (partition, offset) in _next)
        {
            try
            {
                consumer.StoreOffset(new TopicPartitionOffset(partition, offset));
            }
            catch (KafkaException gone) when (gone.Error.Code == ErrorCode.Local_State)
            {
                // Taken away meanwhile: the new owner applies these again, and the journal calls them duplicates.
            }
        }
    }

    static async Task HandleAsync(List<Delivery> deliveries, BatchHandler handler, CancellationToken stopping)
    {
        using var trace = IngestTracing.Start(KafkaDoor.Door, deliveries);
        await handler.HandleAsync(deliveries, stopping);
    }

    static Delivery Read(ConsumeResult<byte[]?, byte[]> record)
    {
        var value = record.Message.Value;
        var coordinates = $"{record.Topic}/{record.Partition.Value}@{record.Offset.Value}";
        return new Delivery(value, LetterContent.Bytes(value), coordinates)
        {
            Original = record,
            Cut = Cut(record.Message.Headers),
            Context = IngestTracing.IsOn ? IngestTracing.Parse(Header(record, "traceparent"), Header(record, "tracestate")) : default,
        };
    }

    static KeyValuePair<string, string>[] Cut(Headers? headers) => headers is LeftOutHeaders { WholeCount: var count }
        ? [new(LetterHeaders.Truncated, "headers"), new(LetterHeaders.HeadersCount, count.ToString(CultureInfo.InvariantCulture))]
        : [];

    static string? Header(ConsumeResult<byte[]?, byte[]> record, string name) =>
        record.Message.Headers is { } headers && headers.TryGetLastBytes(name, out var bytes) && bytes is not null ? Encoding.UTF8.GetString(bytes) : null;
}
