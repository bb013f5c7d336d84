using System.Globalization;
using System.Text;
using Betting.Brokers;
using Confluent.Kafka;

namespace Betting.DeadLetters;

/// <summary>Writes dead letters to Kafka, and originals back to where they stood.</summary>
/// <remarks>
/// One that lives long is not idempotent: such a producer is unusable after a fatal error, and a letter that stands twice counts once. It
/// takes what the topic takes, because the topic's <c>max.message.bytes</c> decides and not the client's default of 1 MB.
/// </remarks>
public sealed class KafkaLetterSender : IDisposable
{
    /// <summary>
    /// The largest record that is sent. A broker closes the connection on requests beyond 100 MiB (<c>socket.request.max.bytes</c>), which
    /// would look like an outage.
    /// </summary>
    public const int MaxRecordBytes = 96 << 20;

    readonly Lazy<IProducer<byte[]?, byte[]?>> _producer;

    /// <param name="kafka">Where the brokers are.</param>
    /// <param name="limit">How long a record is tried before it counts as not taken.</param>
    /// <param name="batching">How records are put into batches.</param>
    public KafkaLetterSender(KafkaOptions kafka, TimeSpan limit, RecordBatching batching = RecordBatching.Together) =>
        _producer = new(() => new ProducerBuilder<byte[]?, byte[]?>(
                kafka.Producer(config =>
                {
                    config.Acks = Acks.All;
                    if (batching == RecordBatching.Together)
                    {
                        config.LingerMs = 5;
                    }
                    else
                    {
                        config.LingerMs = 0;
                        config.BatchNumMessages = 1;
                        // Originals stay in their order also where a batch is sent again.
                        config.EnableIdempotence = batching == RecordBatching.Alone;
                    }
                    if (batching == RecordBatching.AloneCompressed)
                    {
                        // The highest level that librdkafka offers: the publisher may have used a high one.
                        config.CompressionType = CompressionType.Zstd;
                        config.CompressionLevel = 12;
                    }
                    config.ClientId = "dead-letters";
                    config.MessageMaxBytes = MaxRecordBytes;
                    config.MessageTimeoutMs = (int)limit.TotalMilliseconds;
                })
            ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build());

    /// <summary>Returns when the broker has it durably.</summary>
    /// <exception cref="KafkaException">It was not taken.</exception>
    public Task SendAsync(string topic, LetterContent letter, CancellationToken cancellation) =>
        _producer.Value.ProduceAsync(topic, Message(letter), cancellation);

    /// <summary>Sends an original back to its own partition, where its key's order is.</summary>
    /// <exception cref="KafkaException">It was not taken.</exception>
    public Task SendBackAsync(KafkaOriginal original, CancellationToken cancellation)
    {
        var headers = original
            .Content.Headers.Where(header => !LetterHeaders.IsOurs(header.Name))
            .Append(new LetterHeader(LetterHeaders.Replays, Number(original.Replays)));
        return _producer.Value.ProduceAsync(
            new TopicPartition(original.Place.Topic, original.Place.Partition),
            Message(original.Content with { Headers = [.. headers] }),
            cancellation
        );
    }

    /// <summary>Marks a letter of a dead-letter topic as done with.</summary>
    /// <exception cref="KafkaException">It was not taken.</exception>
    public Task MarkAsync(TopicPartition partition, LetterContent marker, CancellationToken cancellation) =>
        _producer.Value.ProduceAsync(partition, Message(marker), cancellation);

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }
    }

    static Message<byte[]?, byte[]?> Message(LetterContent letter)
    {
        var headers = new Headers();
        foreach (var header in letter.Headers)
        {
            headers.Add(header.Name, header.Value?.ToArray());
        }
        return new Message<byte[]?, byte[]?>
        {
            Key = letter.Key?.ToArray(),
            Value = letter.Body?.ToArray(),
            Headers = headers,
        };
    }

    static byte[] Number(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>How a sender puts records into batches. A broker answers for a batch as a whole.</summary>
public enum RecordBatching
{
    /// <summary>Several in a batch: one record that is too large can refuse those beside it.</summary>
    Together,

    /// <summary>Each in a batch of its own, so that the answer speaks about that record alone.</summary>
    Alone,

    /// <summary>Likewise, and compressed with zstd.</summary>
    AloneCompressed,
}
