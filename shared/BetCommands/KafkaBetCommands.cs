using System.Globalization;
using System.Text;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.BetCommands;

/// <summary>Over the topic <c>bet-commands</c>, keyed so that one user's commands stay in order.</summary>
sealed class KafkaBetCommands : IBetCommands, IDisposable
{
    // Each message has a limit of its own. Those that are handed over within a moment are given up together; of a longer list the client
    // could give up the beginning and send the end.
    const int Together = 500;

    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5),
        LookForRoomEvery = TimeSpan.FromMilliseconds(20);

    // Trying again would not help.
    static readonly ErrorCode[] Refusals =
    [
        ErrorCode.TopicAuthorizationFailed,
        ErrorCode.ClusterAuthorizationFailed,
        ErrorCode.MsgSizeTooLarge,
        ErrorCode.InvalidRecord,
        ErrorCode.UnsupportedForMessageFormat,
        ErrorCode.PolicyViolation,
    ];

    readonly BetCommandsOptions _options;
    readonly TimeProvider _clock;
    readonly LastingProducer _producer;

    public KafkaBetCommands(IOptions<BetCommandsOptions> options, IOptions<KafkaOptions> kafka, TimeProvider clock)
    {
        (_options, _clock) = (options.Value, clock);
        New = new NewCommand(clock);
        _producer = new LastingProducer(onError => new ProducerBuilder<byte[]?, byte[]?>(
                kafka.Value.Producer(config =>
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
                })
            ).SetLogHandler((_, _) => { }).SetErrorHandler(onError).Build());
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
        throw new NotSupportedException(
            "outcomes are answered over RabbitMQ only; over Kafka publish, and read the outcome from the journal"
        );

    public void Dispose() => _producer.Dispose();

    async Task PublishAsync(CommandBody[] bodies, CancellationToken cancellation)
    {
        var producer = await _producer.NowAsync(cancellation);
        var onTheWay = await HandOverAsync(producer, bodies, cancellation);
        await Task.WhenAll(onTheWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var first = onTheWay.FindIndex(publish => !publish.IsCompletedSuccessfully);
        if (first < 0 || cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(onTheWay);
            return;
        }
        var missing = new Dictionary<long, int>();
        for (var at = first; at < onTheWay.Count; at++)
        {
            var key = CommandContent.Of(bodies[at].Command).Key;
            if (!onTheWay[at].IsCompletedSuccessfully)
            {
                missing.TryAdd(key, at);
            }
            else if (missing.TryGetValue(key, out var before))
            {
                throw new BetCommandsException(
                    $"Kafka confirmed command {bodies[at].Command.Id} and not {bodies[before].Command.Id}, which stands before it in "
                        + $"the list, has the same key and "
                        + "may be there or not: look at their outcomes before the list is sent again",
                    onTheWay[before].Exception?.InnerException
                );
            }
        }
        await onTheWay[first];
    }

    /// <summary>
    /// Hands them to the client one after another. Its queue is shared by all calls and has a limit, and where it is full for one message
    /// it may have room for the next: so each is waited for, and nothing is handed over behind one that was not.
    /// </summary>
    async Task<List<Task>> HandOverAsync(ProducerUse producer, CommandBody[] bodies, CancellationToken cancellation)
    {
        var onTheWay = new List<Task>(bodies.Length);
        var since = _clock.GetTimestamp();
        foreach (var body in bodies)
        {
            var isHandedOver = new TaskCompletionSource();
            var publish = PublishAsync(producer, body, onTheWay, since, isHandedOver, cancellation);
            onTheWay.Add(publish);
            if (!isHandedOver.Task.IsCompleted)
            {
                await Task.WhenAny(isHandedOver.Task, publish);
            }
            if (!isHandedOver.Task.IsCompleted)
            {
                break;
            }
        }
        return onTheWay;
    }

    async Task PublishAsync(
        ProducerUse producer,
        CommandBody body,
        List<Task> onTheWay,
        long since,
        TaskCompletionSource isHandedOver,
        CancellationToken cancellation
    )
    {
        var (command, before) = (body.Command, onTheWay.Count);
        using var span = PublishTrace.Start("kafka", command);
        var headers = new Headers();
        foreach (var (name, value) in PublishTrace.Headers())
        {
            headers.Add(name, Encoding.ASCII.GetBytes(value));
        }
        var message = new Message<byte[]?, byte[]?>
        {
            Key = Key(command),
            Value = body.Bytes,
            Headers = headers,
        };
        try
        {
            Task? produced;
            while ((produced = TryProduce(producer, message, since, cancellation)) is null)
            {
                // A message's limit begins when it is handed over: those before it could be given up, and this one sent.
                await Task.WhenAll(onTheWay[..before]);
                await Task.Delay(LookForRoomEvery, _clock, cancellation);
            }
            if (!produced.IsFaulted)
            {
                isHandedOver.SetResult();
            }
            try
            {
                await produced.WaitAsync(_options.PublishWithin, _clock, cancellation);
            }
            catch (TimeoutException)
            {
                // The client's own limit is the same, but for messages of a producer that has become unusable. Its report may be about to
                // be read, also after this process stood still.
                await produced.WaitAsync(Grace, _clock, cancellation);
            }
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
        catch (KafkaException full) when (full.Error.Code == ErrorCode.Local_QueueFull)
        {
            throw new TimeoutException(
                $"command {command.Id} was not sent: the client's queue was full for "
                    + $"{_options.PublishWithin.TotalSeconds:F0} s, because Kafka confirms nothing",
                full
            );
        }
        catch (KafkaException late)
        {
            throw new TimeoutException($"{NotConfirmed(command)} ({late.Error.Code})", late);
        }
    }

    /// <returns>Null where the client's queue is full and the time for it is not over.</returns>
    Task? TryProduce(ProducerUse producer, Message<byte[]?, byte[]?> message, long since, CancellationToken cancellation)
    {
        var produced = producer.ProduceAsync(Topics.Commands, message, cancellation);
        var isFull = produced.Exception?.InnerException is KafkaException { Error.Code: ErrorCode.Local_QueueFull };
        return isFull && _clock.GetElapsedTime(since) < _options.PublishWithin ? null : produced;
    }

    string NotConfirmed(BetCommand command) =>
        $"Kafka did not confirm command {command.Id} within {_options.PublishWithin.TotalSeconds:F0} s";

    static byte[] Key(BetCommand command) => Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture));
}
