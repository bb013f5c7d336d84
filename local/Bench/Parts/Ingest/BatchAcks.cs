using Betting.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// What RabbitMQ.Client alone does: it takes the same messages off the same queue, keeps a copy of each body for its batch, and
/// acknowledges batch by batch.
/// </summary>
static class BatchAcks
{
    /// <param name="prefetch">As a worker's.</param>
    /// <param name="batch">So many messages are acknowledged at once.</param>
    /// <param name="warmUp">Messages before the clock starts.</param>
    /// <param name="messages">Messages after that; both are whole batches.</param>
    public static async Task<double> RateAsync(
        string uri,
        ushort prefetch,
        int batch,
        int warmUp,
        int messages,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        var counter = new EmptyConsumer.Counter(warmUp, messages, clock);
        await using var connection = await new ConnectionFactory { Uri = new Uri(uri) }.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        await channel.BasicQosAsync(0, prefetch, global: false, cancellation);
        var bodies = new List<byte[]>(batch);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, message) =>
        {
            bodies.Add(message.Body.ToArray());
            if (bodies.Count == batch)
            {
                bodies.Clear();
                await channel.BasicAckAsync(message.DeliveryTag, multiple: true, message.CancellationToken);
            }
            counter.One();
        };
        await channel.BasicConsumeAsync(Topics.Commands, autoAck: false, consumer, cancellation);
        return messages / (await counter.Done.WaitAsync(TimeSpan.FromMinutes(5), clock, cancellation)).TotalSeconds;
    }
}
