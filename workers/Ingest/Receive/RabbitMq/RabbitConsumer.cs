using Betting.Brokers;
using Betting.Contracts;
using Betting.Ingest.Receive.Frames;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// One connection with its consumer: hands deliveries to the inbox, one after the other as the broker numbered them, and
/// acknowledges them a batch at a time. What is not acknowledged when the connection ends, the broker delivers again.
/// </summary>
public sealed class RabbitConsumer : AsyncDefaultBasicConsumer
{
    /// <summary>
    /// Messages that may be on the way to a consumer unacknowledged: eight batches by default. Not a setting: with different counts, a
    /// replica that dies with a part of what another one gave back would change the order of the queue;
    /// docs/decisions/ingest-one-consumer.md.
    /// </summary>
    public const ushort Prefetch = 8000;

    // For the order of consumers.
    static long _consumers;

    // Nobody sets consumer_timeout to less.
    static readonly TimeSpan ShortestTimeout = TimeSpan.FromMinutes(1);

    // For each answer of the broker.
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    readonly IConnection _connection;
    readonly RabbitInbox _inbox;
    readonly ContentCuts _cuts;
    readonly FrameFilter _frames;
    readonly ILogger _log;
    readonly Lock _gate = new();
    readonly SortedSet<ulong> _unanswered = [];
    volatile bool _broken,
        _isCancelled,
        _isSlow;

    // The number of the last message that is in the inbox; used by the client's dispatcher alone.
    ulong _registered;

    // How many messages are done with, and when the last one was, or the first one came after all were.
    long _done,
        _stands;
    volatile bool _isActive;

    RabbitConsumer(IConnection connection, IChannel channel, RabbitInbox inbox, ContentCuts cuts, FrameFilter frames, ILogger log)
        : base(channel) => (_connection, _inbox, _cuts, _frames, _log) = (connection, inbox, cuts, frames, log);

    /// <summary>
    /// True once RabbitMQ has delivered to it: then it is the queue's one active consumer for as long as it is connected.
    /// </summary>
    public bool IsActive => _isActive;

    /// <summary>Messages that it has received.</summary>
    public ulong Received => Volatile.Read(ref _registered);

    /// <summary>True where none of them is in hand, or waits for its answer.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return AreDone && _unanswered.Count == 0;
            }
        }
    }

    bool AreDone => (long)Received == Interlocked.Read(ref _done);

    /// <summary>Bytes of bodies that it has received, of a message that is not whole yet too.</summary>
    public long BodyBytes => _frames.BodyBytes;

    /// <summary>False where another one is needed: the connection or the channel is closed, or the broker has ended the consumer.</summary>
    public bool IsUsable => IsRunning && Channel.IsOpen && !_broken && !_isCancelled;

    /// <summary>
    /// True where the consumer's queue was deleted: the broker delivers nothing of it again. What the consumer has brought is nowhere else,
    /// and is applied.
    /// </summary>
    public bool IsCancelled => _isCancelled && !_broken;

    /// <summary>
    /// True until the watch has found out whether its queue was deleted, or RabbitMQ cancelled it because it acknowledged nothing for long.
    /// </summary>
    public bool IsSlow => _isSlow;

    /// <summary>How often the queue had been found deleted before the consumer began; see <c>RabbitQueues.Deletions</c>.</summary>
    public int Deletions { get; private init; }

    /// <summary>Higher than those of the consumers before it.</summary>
    public long Ordinal { get; } = Interlocked.Increment(ref _consumers);

    /// <summary>True where nothing can be acknowledged any more: the broker delivers again. Once true, it stays true.</summary>
    public bool IsLost => _broken || (!_isCancelled && !Channel.IsOpen);

    /// <summary>The heartbeat interval that client and broker have agreed on.</summary>
    public TimeSpan Heartbeat => _connection.Heartbeat;

    /// <summary>Asks the broker over the consumer's own connection; ends when it has answered, or the connection is closed.</summary>
    /// <remarks>
    /// The prefetch of a channel is answered by the channel itself, whatever its queue is at, and is of no effect on the consumer that is
    /// there.
    /// </remarks>
    public Task AskAsync() => Channel.BasicQosAsync(0, Prefetch, global: false);

    /// <summary>Connects and consumes; the queues are there.</summary>
    /// <param name="rabbit">Where.</param>
    /// <param name="inbox">Takes what is delivered.</param>
    /// <param name="deletions">How often the queue was found deleted until now.</param>
    /// <param name="log">Of the door.</param>
    /// <param name="cancellation">Ends the start.</param>
    public static async Task<RabbitConsumer> StartAsync(
        RabbitMqOptions rabbit,
        RabbitInbox inbox,
        int deletions,
        ILogger log,
        CancellationToken cancellation
    )
    {
        var cuts = new ContentCuts(inbox.Held);
        var (connection, frames) = await RabbitConnection.OpenAsync(
            rabbit,
            "ingest",
            () => new FrameFilter(new ContentRule(cuts)),
            AnswerLimit,
            cancellation
        );
        try
        {
            // The client waits for its own limit, whatever the token says.
            var channel = await connection.CreateChannelAsync(cancellationToken: cancellation).WaitAsync(cancellation);
            await channel.BasicQosAsync(0, Prefetch, global: false, cancellation).WaitAsync(cancellation);
            var consumer = new RabbitConsumer(connection, channel, inbox, cuts, frames, log) { Deletions = deletions };
            inbox.SwitchTo(consumer);
            await channel.BasicConsumeAsync(Topics.Commands, autoAck: false, consumer, cancellation).WaitAsync(cancellation);
            return consumer;
        }
        catch
        {
            await RabbitConnection.LeaveAsync(connection);
            cuts.Close();
            throw;
        }
    }

    public override Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default
    )
    {
        if (AreDone)
        {
            Volatile.Write(ref _stands, _inbox.Clock.GetTimestamp());
        }
        if (!_isActive)
        {
            _isActive = true;
            IngestLog.ActiveConsumer(_log, Topics.Commands);
        }
        // An acknowledgement of many names every message up to one. It is sent only while every message is registered, without a gap.
        if (_broken || deliveryTag != _registered + 1)
        {
            _broken = true;
            return Task.CompletedTask;
        }
        try
        {
            // The body is the client's again when this returns.
            var copy = body.ToArray();
            _inbox.Add(new RabbitArrival(this, deliveryTag, redelivered, properties, copy, _cuts.Take(deliveryTag)));
            Volatile.Write(ref _registered, deliveryTag);
        }
        catch (Exception failure)
        {
            // Too little memory for a copy, for example: this connection acknowledges nothing more, and the broker delivers again.
            _broken = true;
            IngestLog.ChannelLost(_log, failure);
        }
        return Task.CompletedTask;
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        if (
            !IsLost
            && CancelsSlowConsumers(_connection)
            && !AreDone
            && _inbox.Clock.GetElapsedTime(Volatile.Read(ref _stands)) >= ShortestTimeout
        )
        {
            _isSlow = _isCancelled = true;
        }
        else
        {
            Cancelled();
        }
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }

    // From 4.3 on RabbitMQ cancels a consumer that has acknowledged nothing for consumer_timeout (30 minutes by default), and keeps its
    // channel.
    static bool CancelsSlowConsumers(IConnection connection) =>
        connection.ServerProperties?.TryGetValue("version", out var version) == true
        && version is byte[] text
        && Version.TryParse(System.Text.Encoding.ASCII.GetString(text).Split('-', '+')[0], out var parsed)
        && parsed >= new Version(4, 3);

    /// <summary>
    /// Its queue was deleted, whether the broker has told this consumer or not. One that is lost had given its messages back before.
    /// </summary>
    public void Cancelled()
    {
        if (_isCancelled || IsLost)
        {
            return;
        }
        _isCancelled = true;
        TellHeld();
    }

    /// <summary>What the watch has found about a consumer that is <see cref="IsSlow"/>.</summary>
    /// <param name="isDeleted">Its queue was deleted; otherwise the queue has the messages again.</param>
    public void Resolve(bool isDeleted)
    {
        if (!_isSlow)
        {
            return;
        }
        _isSlow = false;
        if (isDeleted)
        {
            TellHeld();
        }
        else
        {
            _broken = true;
        }
    }

    void TellHeld()
    {
        if ((long)Received - Interlocked.Read(ref _done) is > 0 and var held)
        {
            IngestLog.ConsumerCancelled(_log, Topics.Commands, held);
        }
    }

    /// <summary>
    /// Acknowledges a batch that is done, all before it being done as well; save the messages whose publishers wait for an
    /// answer, which are acknowledged one by one with it.
    /// </summary>
    public async Task AcknowledgeAsync(IReadOnlyList<RabbitMessage> batch)
    {
        Interlocked.Add(ref _done, batch.Count);
        Volatile.Write(ref _stands, _inbox.Clock.GetTimestamp());
        if (batch.Any(message => message.Delivery.Reply is null))
        {
            // Left out because they come again: so does the rest, and what of it is a dead letter is one already.
            _broken = true;
        }
        ulong firstUnanswered;
        lock (_gate)
        {
            _unanswered.UnionWith(batch.Where(message => message.Delivery.ReplyTo is not null).Select(message => message.Number));
            firstUnanswered = _unanswered.Count == 0 ? ulong.MaxValue : _unanswered.Min;
        }
        // One acknowledgement for everything up to there, as long as nothing before it has to wait.
        if (
            batch.LastOrDefault(message => message.Number < firstUnanswered) is { } last
            && !await AcknowledgeAsync(last.Number, multiple: true)
        )
        {
            Remember(batch.Where(message => message.Number < firstUnanswered));
        }
        foreach (var message in batch.Where(message => message.Number > firstUnanswered && message.Delivery.ReplyTo is null))
        {
            if (!await AcknowledgeAsync(message.Number, multiple: false))
            {
                Remember([message]);
            }
        }
    }

    /// <summary>Acknowledges a message that waited for its answer.</summary>
    public async Task AnsweredAsync(RabbitMessage message)
    {
        if (!await AcknowledgeAsync(message.Number, multiple: false))
        {
            Remember([message]);
        }
        // Only now: an acknowledgement of many must not name it before; named twice, the broker closes the channel.
        lock (_gate)
        {
            _unanswered.Remove(message.Number);
        }
    }

    /// <summary>Ends the connection: what was not acknowledged goes back to its place in the queue, and another replica consumes.</summary>
    /// <remarks>
    /// The consumer is never cancelled while messages are in hand: RabbitMQ would give the messages behind them to the next
    /// replica at once, and that one could apply them first.
    /// </remarks>
    public async Task LeaveAsync()
    {
        await RabbitConnection.LeaveAsync(_connection);
        _cuts.Close();
    }

    void Remember(IEnumerable<RabbitMessage> messages)
    {
        foreach (var message in messages.Where(message => message.Delivery.IsAside))
        {
            _inbox.PutAside.Remember(message.Delivery);
        }
    }

    // False where it was certainly not sent.
    async Task<bool> AcknowledgeAsync(ulong number, bool multiple)
    {
        if (_broken || _isCancelled)
        {
            return false;
        }
        try
        {
            await Channel.BasicAckAsync(number, multiple);
            return true;
        }
        catch (Exception failure)
        {
            if (_isCancelled)
            {
                return false;
            }
            // Whatever it was, this channel is done with: the broker delivers again, and these are duplicates then.
            _broken = true;
            IngestLog.ChannelLost(_log, failure);
            return failure is not AlreadyClosedException;
        }
    }
}
