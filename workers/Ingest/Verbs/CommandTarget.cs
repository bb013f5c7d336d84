using System.Globalization;
using System.Text;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Confluent.Kafka;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Verbs;

/// <summary>Where commands are published; a send ends when the broker has the message safely.</summary>
interface ICommandTarget : IAsyncDisposable
{
    Task SendAsync(byte[] json, CancellationToken cancellation);
}

/// <summary>The queue <c>bet-commands</c>, with publisher confirms.</summary>
sealed class RabbitTarget(IConnection connection, ConfirmedChannel channel) : ICommandTarget
{
    static readonly BasicProperties Properties = new() { Persistent = true, ContentType = "application/json" };

    // A broker with an alarm of memory or disk confirms nothing until it is over.
    static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(60);

    public static async Task<ICommandTarget> OpenAsync(RabbitMqOptions options, QueueKind kind, CancellationToken cancellation)
    {
        var connection = await RabbitConnection.OpenAsync(options, "ingest publish", cancellation);
        // As the worker declares it, so that commands may come before the first worker.
        await CommandQueue.DeclareAsync(connection, kind, cancellation);
        return new RabbitTarget(connection, await ConfirmedChannel.OpenAsync(connection, cancellation));
    }

    public async Task SendAsync(byte[] json, CancellationToken cancellation)
    {
        try
        {
            await channel
                .PublishAsync(Topics.Commands, mandatory: true, Properties, json, cancellation)
                .WaitAsync(ConfirmLimit, TimeProvider.System, cancellation);
        }
        catch (TimeoutException late)
        {
            throw new BrokerUnreachableException(late);
        }
    }

    public async ValueTask DisposeAsync() => await RabbitConnection.LeaveAsync(connection);
}

/// <summary>The topic <c>bet-commands</c>, written by all in-sync replicas before a send ends.</summary>
sealed class KafkaTarget : ICommandTarget
{
    // For the first answer, and for the confirmation of a command: the client's own limit is five minutes.
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(15),
        ConfirmLimit = TimeSpan.FromSeconds(60);

    readonly IProducer<byte[]?, byte[]> _producer;

    KafkaTarget(KafkaOptions options) => _producer = new ProducerBuilder<byte[]?, byte[]>(
            options.Producer(config =>
            {
                config.Acks = Acks.All;
                config.EnableIdempotence = true;
                config.LingerMs = 20;
                config.MessageTimeoutMs = (int)ConfirmLimit.TotalMilliseconds;
                config.ClientId = "ingest publish";
                // The topic has settings of its own, which a broker that makes it does not know.
                config.AllowAutoCreateTopics = false;
                // As Java's and most other clients do: one user's commands go to one partition, whoever publishes them.
                config.Partitioner = Partitioner.Murmur2Random;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    /// <exception cref="KafkaException">No broker answers.</exception>
    public static ICommandTarget Open(KafkaOptions options)
    {
        var target = new KafkaTarget(options);
        try
        {
            using var admin = new DependentAdminClientBuilder(target._producer.Handle).Build();
            admin.GetMetadata(AnswerLimit);
            return target;
        }
        catch
        {
            target._producer.Dispose();
            throw;
        }
    }

    public Task SendAsync(byte[] json, CancellationToken cancellation) =>
        _producer.ProduceAsync(Topics.Commands, new Message<byte[]?, byte[]> { Key = Key(json), Value = json }, cancellation);

    public ValueTask DisposeAsync()
    {
        _producer.Dispose();
        return ValueTask.CompletedTask;
    }

    // What is no command is sent all the same, without a key: refusing it is the worker's business.
    static byte[]? Key(byte[] json) =>
        CommandDecoder.TryDecode(json, out var command, out _)
            ? Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture))
            : null;
}
