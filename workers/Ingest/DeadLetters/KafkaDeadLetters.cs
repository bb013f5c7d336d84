using System.Text;
using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.DeadLetters;

/// <summary>The topic <c>bet-commands.dead-letter</c>: key, value and headers of the original, and ours.</summary>
public sealed class KafkaDeadLetters(IOptions<KafkaOptions> kafka) : IDeadLetters, IDisposable
{
    static readonly string Topic = Topics.DeadLetter(Topics.Commands);

    readonly Lazy<IProducer<byte[]?, byte[]>> _producer = new(() => new ProducerBuilder<byte[]?, byte[]>(kafka.Value.Producer(config =>
    {
        config.Acks = Acks.All;
        config.EnableIdempotence = true;
        config.ClientId = "ingest";
        config.ReconnectBackoffMaxMs = 1000;
    })).SetLogHandler((_, _) => { }).Build());

    public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation) =>
        Task.WhenAll(letters.Select(letter => _producer.Value.ProduceAsync(Topic, Message(letter), cancellation)));

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }
    }

    static Message<byte[]?, byte[]> Message(DeadLetter letter)
    {
        var headers = new Headers();
        var original = (letter.Delivery.Original as ConsumeResult<byte[]?, byte[]>)?.Message;
        foreach (var header in original?.Headers ?? [])
        {
            if (DeadLetter.Keeps(header.Key))
            {
                headers.Add(header.Key, header.GetValueBytes());
            }
        }
        foreach (var (name, value) in letter.Headers)
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }
        return new Message<byte[]?, byte[]> { Key = original?.Key, Value = letter.Delivery.Body.ToArray(), Headers = headers };
    }
}
