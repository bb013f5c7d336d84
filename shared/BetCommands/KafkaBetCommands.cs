using System.Globalization;
using System.Text;
using Betting.Connections;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.BetCommands;

/// <summary>Over the topic <c>bet-commands</c>, keyed so that one user's commands stay in order.</summary>
sealed class KafkaBetCommands : IBetCommands, IDisposable
{
    readonly BetCommandsOptions _options;
    readonly TimeProvider _clock;
    readonly LastingProducer _producer;

    public KafkaBetCommands(IOptions<BetCommandsOptions> options, IOptions<KafkaOptions> kafka, TimeProvider clock)
    {
        (_options, _clock) = (options.Value, clock);
        New = new NewCommand(clock);
        _producer = new LastingProducer(onError => new ProducerBuilder<byte[]?, byte[]?>(kafka.Value.Producer(config =>
        {
            config.ClientId = "bet-commands";
            config.Acks = Acks.All;
            config.EnableIdempotence = true;
            config.LingerMs = 5;
            // Longer than a call waits: a list whose time is over is dropped as a whole, where its messages would be dropped one by one.
            config.MessageTimeoutMs = (int)(2 * _options.PublishWithin.TotalMilliseconds);
            config.ReconnectBackoffMaxMs = 1000;
            config.AllowAutoCreateTopics = false;
            // As Java's and most other clients do: one user's commands go to one partition, whoever publishes them.
            config.Partitioner = Partitioner.Murmur2Random;
        })).SetLogHandler((_, _) => { }).SetErrorHandler(onError).Build());
    }

    public NewCommand New { get; }

    public async Task PublishAsync(BetCommand command, CancellationToken cancellation = default) =>
        await PublishAsync([CommandBody.Of(command)], cancellation);

    public async Task PublishAsync(IEnumerable<BetCommand> commands, CancellationToken cancellation = default)
    {
        CommandBody[] bodies = [.. commands.Select(CommandBody.Of)];
        foreach (var chunk in bodies.Chunk(_options.OnTheWay))
        {
            await PublishAsync(chunk, cancellation);
        }
    }

    public Task<CommandOutcome> SendAsync(BetCommand command, TimeSpan? within = null, CancellationToken cancellation = default) =>
        throw new NotSupportedException("outcomes are answered over RabbitMQ only; over Kafka publish, and read the outcome from the journal");

    public void Dispose() => _producer.Dispose();

    // Where not all are confirmed in time, those behind the first one that is missing must not come: what the broker has of a list is its beginning.
    async Task PublishAsync(CommandBody[] bodies, CancellationToken cancellation)
    {
        var producer = _producer.Now();
        using var limit = new CancellationTokenSource(_options.PublishWithin, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token, producer.Dropped);
        try
        {
            await Task.WhenAll(bodies.Select(body => PublishAsync(producer, body, either.Token, cancellation)));
        }
        finally
        {
            if (either.IsCancellationRequested && bodies.Length > 1)
            {
                _producer.Drop(producer);
            }
        }
    }

    async Task PublishAsync(ProducerUse producer, CommandBody body, CancellationToken limit, CancellationToken cancellation)
    {
        var command = body.Command;
        using var span = PublishTrace.Start("kafka", command);
        var headers = new Headers();
        foreach (var (name, value) in PublishTrace.Headers())
        {
            headers.Add(name, Encoding.ASCII.GetBytes(value));
        }
        var message = new Message<byte[]?, byte[]?> { Key = Key(command), Value = body.Bytes, Headers = headers };
        try
        {
            await producer.ProduceAsync(Topics.Commands, message, limit);
        }
        catch (Exception over) when (over is OperationCanceledException or ObjectDisposedException && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"Kafka did not confirm command {command.Id} within {_options.PublishWithin.TotalSeconds:F0} s");
        }
        catch (KafkaException late) when (late.Error.Code is ErrorCode.Local_MsgTimedOut)
        {
            throw new TimeoutException($"Kafka did not confirm command {command.Id} within {_options.PublishWithin.TotalSeconds:F0} s", late);
        }
        catch (KafkaException none) when (none.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
        {
            throw new BetCommandsException($"Kafka has no topic {Topics.Commands}", none);
        }
        catch (KafkaException refused)
        {
            throw new BetCommandsException($"Kafka did not take command {command.Id}, or that is not known: {refused.Error.Code}", refused);
        }
    }

    static byte[] Key(BetCommand command) => Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture));
}
