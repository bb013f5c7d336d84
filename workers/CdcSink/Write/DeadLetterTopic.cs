using System.Globalization;
using System.Text;
using Betting.CdcSink.Batches;
using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.CdcSink.Write;

/// <summary>Sends each record alone to <c>&lt;topic&gt;.dead-letter</c>: its own bytes and headers, and headers that say why and whence.</summary>
public sealed class DeadLetterTopic(KafkaOptions kafka) : IDeadLetters, IDisposable
{
    readonly Lazy<IProducer<byte[]?, byte[]?>> _producer = new(() => new ProducerBuilder<byte[]?, byte[]?>(kafka.Producer(config =>
    {
        config.ClientId = "cdc-sink";
        config.Acks = Acks.All;
        config.LingerMs = 20;
    })).Build());

    public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation) =>
        Task.WhenAll(letters.Select(letter => _producer.Value.ProduceAsync(Topics.DeadLetter(letter.Record.Topic), Message(letter), cancellation)));

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }
    }

    static Message<byte[]?, byte[]?> Message(DeadLetter letter)
    {
        var headers = new Headers();
        foreach (var header in letter.Record.Headers)
        {
            headers.Add(header.Name, header.Value);
        }
        Add(headers, "reason", letter.Reason);
        Add(headers, "field", letter.Field ?? "");
        Add(headers, "topic", letter.Record.Topic);
        Add(headers, "partition", letter.Record.Partition.ToString(CultureInfo.InvariantCulture));
        Add(headers, "offset", letter.Record.Offset.ToString(CultureInfo.InvariantCulture));
        Add(headers, "timestamp", letter.Record.TimestampMs.ToString(CultureInfo.InvariantCulture));
        return new Message<byte[]?, byte[]?> { Key = letter.Record.Key, Value = letter.Record.Value, Headers = headers };
    }

    static void Add(Headers headers, string name, string value) => headers.Add("dead-letter." + name, Encoding.UTF8.GetBytes(value));
}
