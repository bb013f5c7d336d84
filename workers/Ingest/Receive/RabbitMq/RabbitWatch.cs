using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Betting.Ingest.RabbitMq;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// Keeps a consumer connected: makes the queues, looks at the broker and the consumer once a second, twice while the broker is
/// away, and starts another consumer where the one before is of no use any more. The broker serves only when it answers over both
/// connections.
/// </summary>
public sealed class RabbitWatch(
    RabbitInbox inbox,
    RabbitQueues queues,
    IOptions<RabbitMqOptions> rabbit,
    Outages outages,
    Readiness readiness,
    IngestMetrics metrics,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<RabbitWatch> log
) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1),
        Again = TimeSpan.FromMilliseconds(500),
        Timeout = TimeSpan.FromSeconds(5),
        PatienceToOpen = TimeSpan.FromSeconds(15);

    // The alert's limit. Alerts take the smallest value of all replicas: one that has just begun to look must not speak for a queue that
    // stands.
    static readonly TimeSpan SurelyStands = TimeSpan.FromMinutes(2);

    // RabbitMQ tells no messages and no consumers of a quorum queue whose leader does not answer within 250 ms.
    const int MostEmptyAnswers = 5;

    readonly RabbitBacklog _backlog = new(clock);
    readonly RabbitStandby _standby = new(readiness, clock, log);
    readonly ConsumerSilence _silence = new(clock);
    readonly RabbitTopology _topology = new(queues, readiness, clock, log);
    (RabbitConsumer? Consumer, ulong Count) _received;
    readonly ConsumerIdleness _idle = new(clock);
    int _emptyAnswers;
    IConnection? _connection;
    IChannel? _channel;
    RabbitConsumer? _consumer;

    public string Name => "rabbitmq-watch";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(RabbitDoor.Door);
        try
        {
            while (true)
            {
                heartbeats.Beat(Name);
                await Task.Delay(await PollAsync(stopping) ? Every : Again, clock, stopping);
            }
        }
        finally
        {
            await StopAsync(stopping);
            await CloseAsync();
        }
    }

    // One look; false where the broker does not answer, or not over each connection.
    async Task<bool> PollAsync(CancellationToken stopping)
    {
        // Both connections are asked at the same time: an answer over one proves nothing about the other.
        var asked = _consumer;
        var measuring = _silence.MeasureAsync(asked, Timeout, stopping);
        var isSeen = await SeeAsync(stopping);
        var silence = await measuring;
        if (silence > TimeSpan.Zero && ReferenceEquals(asked, _consumer))
        {
            if (silence >= ConsumerSilence.Limit)
            {
                IngestLog.ConsumerSilent(log, silence.TotalSeconds);
                _silence.GiveUp(asked!);
                _consumer = null;
                await asked!.LeaveAsync();
            }
            outages.Failed(Stores.Rabbit, Name, "no answer over the consumer's connection");
            return false;
        }
        if (!isSeen || _consumer is not { IsUsable: true } consumer)
        {
            return false;
        }
        if (_silence.MayHoldCommands(consumer))
        {
            outages.Failed(Stores.Rabbit, Name, "it may still keep commands for the consumer's connection that died");
            return false;
        }
        outages.Succeeded(Stores.Rabbit, Name);
        return true;
    }

    // The look over this loop's own connection.
    async Task<bool> SeeAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(
            _channel is { IsOpen: true } && _consumer is { IsUsable: true } ? Timeout : PatienceToOpen,
            clock
        );
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            var channel = await OpenAsync(either.Token);
            await ConsumeAsync(either.Token);
            _topology.Ensure(_connection!, stopping);
            if (await LookAtQueuesAsync(channel, either.Token) is not { } queue)
            {
                await CloseAsync();
                return false;
            }
            if (!IsOfTheQueue(queue))
            {
                return false;
            }
            Observe(queue, _consumer!);
            if (_topology.Failure is { } refused)
            {
                outages.Failed(Stores.Rabbit, Name, refused);
                return false;
            }
            return true;
        }
        catch (Exception failure) when ((failure is not QueueMismatchException || queues.AreKnown) && !stopping.IsCancellationRequested)
        {
            if (failure is QueueMismatchException && _consumer is { } consumer)
            {
                // A consumer begins only on a queue with the right arguments, so its queue was deleted. RabbitMQ may have attached it to
                // the other one.
                consumer.Cancelled();
                await consumer.LeaveAsync();
            }
            outages.Failed(Stores.Rabbit, Name, RabbitTrouble.DetailOf(failure));
            _backlog.Forget();
            await CloseAsync();
            return false;
        }
    }

    // Null where a queue is not there. That is no outage: the next look declares both, and fails where they cannot be there, as while the
    // node of a classic queue is down.
    async Task<QueueDeclareOk?> LookAtQueuesAsync(IChannel channel, CancellationToken cancellation)
    {
        try
        {
            // The client itself waits for its own limit of 20 s, whatever the token says.
            var queue = await channel.QueueDeclarePassiveAsync(Topics.Commands, cancellation).WaitAsync(cancellation);
            if (queues.Failure is null)
            {
                metrics.DeadLettersWaiting(
                    RabbitDoor.Door,
                    await channel.MessageCountAsync(Topics.DeadLetter(Topics.Commands), cancellation).WaitAsync(cancellation)
                );
            }
            return queue;
        }
        catch (OperationInterruptedException absent) when (absent.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return null;
        }
    }

    // This replica's consumer is one of the queue's: where the answer has none, it is not the queue's.
    bool IsOfTheQueue(QueueDeclareOk queue)
    {
        _emptyAnswers = queue.ConsumerCount > 0 ? 0 : _emptyAnswers + 1;
        if (_emptyAnswers >= MostEmptyAnswers)
        {
            _backlog.Forget();
            outages.Failed(
                Stores.Rabbit,
                Name,
                $"the queue {Topics.Commands} does not answer: it has no leader, or the broker is overloaded"
            );
        }
        return _emptyAnswers == 0;
    }

    void Observe(QueueDeclareOk queue, RabbitConsumer consumer)
    {
        var received = (consumer, consumer.Received);
        var standing = _backlog.Observe(queue.MessageCount, consumer.Received > 0 && received != _received);
        _received = received;
        metrics.Queue(RabbitDoor.Door, queue.MessageCount);
        if (_backlog.HasSeenMovement || standing > SurelyStands)
        {
            metrics.QueueStands(RabbitDoor.Door, standing);
        }
        _standby.Observe(consumer.IsActive, queue.MessageCount, standing);
    }

    async Task<IChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }
        await CloseAsync();
        _connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest watch", cancellation);
        await _topology.DeclareAsync(_connection, isCancelled: false, cancellation).WaitAsync(cancellation);
        return _channel = await _connection.CreateChannelAsync(cancellationToken: cancellation).WaitAsync(cancellation);
    }

    async Task ConsumeAsync(CancellationToken cancellation)
    {
        if (_consumer is { } current && queues.Deletions != current.Deletions)
        {
            current.Cancelled();
        }
        if (_consumer is { IsUsable: true } && !_idle.IsOver(_consumer))
        {
            return;
        }
        if (_consumer is { } before)
        {
            // The queue may be gone, or another one of the same name, that somebody else has declared. The consumer stays while that is not
            // known.
            await _topology
                .DeclareAsync(_connection!, before is { IsCancelled: true, IsSlow: false }, cancellation)
                .WaitAsync(cancellation);
            before.Resolve(isDeleted: queues.Deletions != before.Deletions);
            await before.LeaveAsync();
        }
        _consumer = null;
        _consumer = await RabbitConsumer.StartAsync(rabbit.Value, inbox, queues.Deletions, log, cancellation);
        queues.Consumed();
    }

    async Task StopAsync(CancellationToken stopping)
    {
        if (_consumer is not { } consumer)
        {
            return;
        }
        if (queues.Deletions != consumer.Deletions)
        {
            consumer.Cancelled();
        }
        // Asked to stop, the door stops as well, and the connection stays until the door has acknowledged what it has in hand.
        // The host's own limit bounds that. What the broker delivers meanwhile goes back to its place with the connection.
        if (stopping.IsCancellationRequested)
        {
            await inbox.Finished;
        }
        await consumer.LeaveAsync();
    }

    async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }
}
