using System.Text;
using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.DeadLetters;

/// <summary>The topic <c>bet-commands.dead-letter</c>.</summary>
public sealed class KafkaDeadLetters(IOptions<KafkaOptions> kafka) : IDeadLetters, IDisposable
{
    static readonly string Topic = Topics.DeadLetter(Topics.Commands);

    readonly Lazy<IProducer<Null, byte[]>> _producer = new(() => new ProducerBuilder<Null, byte[]>(kafka.Value.Producer(config =>
    {
        config.Acks = Acks.All;
        config.EnableIdempotence = true;
        config.ClientId = "ingest";
    })).Build());

    public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation) =>
        Task.WhenAll(letters.Select(letter => _producer.Value.ProduceAsync(Topic, Message(letter), cancellation)));

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }
    }

    static Message<Null, byte[]> Message(DeadLetter letter)
    {
        var headers = new Headers();
        foreach (var (name, value) in letter.Headers)
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }
        return new Message<Null, byte[]> { Value = letter.Delivery.Body.ToArray(), Headers = headers };
    }
}
