using System.Globalization;
using System.Text;
using Betting.Brokers;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.Receive.Kafka;
using Confluent.Kafka;

namespace Betting.Ingest;

/// <summary>Records being applied, and the offsets that may be committed after it.</summary>
sealed class KafkaBatch
{
    readonly Dictionary<TopicPartition, ConsumeResult<byte[]?, byte[]>> _last = [];
    readonly int _generation;

    KafkaBatch(List<ConsumeResult<byte[]?, byte[]>> records, int generation, long since, Func<List<Delivery>, Task> handle)
    {
        (_generation, Since, Count) = (generation, since, records.Count);
        foreach (var record in records)
        {
            // Records of one partition come in order, so the last one wins.
            _last[record.TopicPartition] = record;
        }
        Handling = handle(records.ConvertAll(Read));
    }

    public Task Handling { get; }

    public int Count { get; }

    /// <summary>When its first record came, in the clock's own ticks.</summary>
    public long Since { get; }

    /// <param name="records">What was gathered.</param>
    /// <param name="generation">Of <see cref="KafkaOffsets"/>, when it was.</param>
    /// <param name="since">See <see cref="Since"/>.</param>
    /// <param name="server">See <see cref="KafkaPlaces.Server"/>.</param>
    /// <param name="handler">Applies them.</param>
    /// <param name="stopping">The worker stops.</param>
    public static KafkaBatch Start(
        List<ConsumeResult<byte[]?, byte[]>> records,
        int generation,
        long since,
        string? server,
        BatchHandler handler,
        CancellationToken stopping
    ) => new(records, generation, since, deliveries => HandleAsync(deliveries, server, handler, stopping));

    /// <summary>True where it has ended, well or not.</summary>
    public bool EndsWithin(TimeSpan limit) => Task.WaitAny([Handling], limit) == 0;

    public void ThrowIfFailed() => Handling.GetAwaiter().GetResult();

    /// <summary>Where each partition goes on when the batch is applied.</summary>
    public IEnumerable<TopicPartitionOffset> Next => _last.Select(last => new TopicPartitionOffset(last.Key, last.Value.Offset + 1));

    /// <summary>Its records are applied: the client commits them, and the places are noted.</summary>
    public void StoreOffsets(IConsumer<byte[]?, byte[]> consumer, KafkaOffsets offsets)
    {
        foreach (var (partition, last) in _last)
        {
            offsets.Applied(partition, last.Offset.Value + 1, RecordMark.Of(last), _generation);
            try
            {
                consumer.StoreOffset(new TopicPartitionOffset(partition, last.Offset + 1));
            }
            catch (KafkaException gone) when (gone.Error.Code == ErrorCode.Local_State)
            {
                // Taken away meanwhile: the new owner applies these again, and the journal calls them duplicates.
            }
        }
    }

    static async Task HandleAsync(List<Delivery> deliveries, string? server, BatchHandler handler, CancellationToken stopping)
    {
        using var trace = IngestTracing.Start(KafkaDoor.Door, deliveries);
        await handler.HandleAsync(deliveries, stopping, server);
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

    static KeyValuePair<string, string>[] Cut(Headers? headers) =>
        headers is LeftOutHeaders { WholeCount: var count }
            ? [new(LetterHeaders.Truncated, "headers"), new(LetterHeaders.HeadersCount, count.ToString(CultureInfo.InvariantCulture))]
            : [];

    static string? Header(ConsumeResult<byte[]?, byte[]> record, string name) =>
        record.Message.Headers is { } headers && headers.TryGetLastBytes(name, out var bytes) && bytes is not null
            ? Encoding.UTF8.GetString(bytes)
            : null;
}
