using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Ingest.Worker;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// A publisher that forgets a message only when the broker has confirmed it; what was on its way when the broker went is sent again.
/// </summary>
sealed class Upstream(RabbitServer rabbit, Kafka kafka)
{
    public Task ToRabbitAsync(byte[][] messages) => Deadline.UntilAsync("confirms of RabbitMQ", TimeSpan.FromSeconds(60), async () =>
        {
            await using var connection = await new ConnectionFactory
            {
                Uri = new Uri(rabbit.Uri),
                AutomaticRecoveryEnabled = false,
            }.CreateConnectionAsync();
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null));
            var properties = new BasicProperties { Persistent = true, ContentType = "application/json" };
            await Task.WhenAll(messages.Select(body => channel.BasicPublishAsync("", Topics.Commands, true, properties, body).AsTask()))
                .WaitAsync(TimeSpan.FromSeconds(10));
            return true;
        });

    public Task ToKafkaAsync(byte[][] messages) => kafka.PublishAsync(messages);

    /// <summary>The bodies of all dead letters of both brokers.</summary>
    public async Task<HashSet<string>> DeadLettersAsync()
    {
        var found = kafka.DeadLetters().Select(letter => Convert.ToHexString(letter.Message.Value ?? [])).ToHashSet();
        await using var connection = await new ConnectionFactory { Uri = new Uri(rabbit.Uri) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        while (await channel.BasicGetAsync(Rabbit.DeadLetters, autoAck: true) is { } letter)
        {
            found.Add(Convert.ToHexString(letter.Body.Span));
        }
        return found;
    }
}
