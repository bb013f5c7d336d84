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
    // Each message has a limit of its own. Those that are handed over within a moment are given up together; of a longer list the client could
    // give up the beginning and send the end.
    const int Together = 500;

    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    // Trying again would not help.
    static readonly ErrorCode[] Refusals =
    [
        ErrorCode.TopicAuthorizationFailed, ErrorCode.ClusterAuthorizationFailed, ErrorCode.MsgSizeTooLarge, ErrorCode.InvalidRecord,
        ErrorCode.UnsupportedForMessageFormat, ErrorCode.PolicyViolation,
    ];

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
            config.MessageTimeoutMs = (int)_options.PublishWithin.TotalMilliseconds;
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
        foreach (var chunk in bodies.Chunk(Math.Min(_options.OnTheWay, Together)))
        {
            await PublishAsync(chunk, cancellation);
        }
    }

    public Task<CommandOutcome> SendAsync(BetCommand command, TimeSpan? within = null, CancellationToken cancellation = default) =>
        throw new NotSupportedException("outcomes are answered over RabbitMQ only; over Kafka publish, and read the outcome from the journal");

    public void Dispose() => _producer.Dispose();

    async Task PublishAsync(CommandBody[] bodies, CancellationToken cancellation)
    {
        var producer = await _producer.NowAsync(cancellation);
        Task[] onTheWay = [.. bodies.Select(body => PublishAsync(producer, body, cancellation))];
        await Task.WhenAll(onTheWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var first = Array.FindIndex(onTheWay, publish => !publish.IsCompletedSuccessfully);
        if (first < 0 || cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(onTheWay);
            return;
        }
        var missing = new Dictionary<long, int>();
        for (var at = first; at < bodies.Length; at++)
        {
            var key = CommandContent.Of(bodies[at].Command).Key;
            if (!onTheWay[at].IsCompletedSuccessfully)
            {
                missing.TryAdd(key, at);
            }
            else if (missing.TryGetValue(key, out var before))
            {
                throw new BetCommandsException(
                    $"Kafka has command {bodies[at].Command.Id} and not {bodies[before].Command.Id}, which stands before it in the list and has the same key: "
                    + "look at their outcomes before the list is sent again", onTheWay[before].Exception?.InnerException);
            }
        }
        await onTheWay[first];
    }

    async Task PublishAsync(ProducerUse producer, CommandBody body, CancellationToken cancellation)
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
            // The client's own limit, which is the same, does not hold for every message of a producer that has become unusable.
            await producer.ProduceAsync(Topics.Commands, message, cancellation).WaitAsync(_options.PublishWithin + Grace, _clock, cancellation);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(NotConfirmed(command));
        }
        catch (KafkaException none) when (none.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
        {
            throw new BetCommandsException($"Kafka has no topic {Topics.Commands}", none);
        }
        catch (KafkaException refused) when (Refusals.Contains(refused.Error.Code))
        {
            throw new BetCommandsException($"Kafka does not take command {command.Id}: {refused.Error.Code}", refused);
        }
        catch (KafkaException late)
        {
            throw new TimeoutException($"{NotConfirmed(command)} ({late.Error.Code})", late);
        }
    }

    string NotConfirmed(BetCommand command) => $"Kafka did not confirm command {command.Id} within {_options.PublishWithin.TotalSeconds:F0} s";

    static byte[] Key(BetCommand command) => Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture));
}
