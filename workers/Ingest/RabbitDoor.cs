using System.Collections.Concurrent;
using Betting.Hosting;
using Betting.Ingest.Acknowledge;
using Betting.Ingest.Decode;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Ingest.Replies;
using Microsoft.Extensions.Options;

namespace Betting.Ingest;

/// <summary>
/// Makes batches of what the inbox has, two in hand at a time, and acknowledges each when it and those before it are done.
/// </summary>
public sealed class RabbitDoor(
    RabbitInbox inbox,
    RabbitReader reader,
    BatchHandler handler,
    RabbitReplies replies,
    RabbitReturns returns,
    IOptions<IngestOptions> options,
    IngestMetrics metrics,
    Heartbeats heartbeats,
    TimeProvider clock
) : IWorkerLoop
{
    public const string Door = "rabbitmq";

    // One that is decided and saved, and one that is decoded and takes its ids meanwhile.
    const int MostInHand = 2;

    // Liveness and readiness are looked after at least this often.
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    readonly RabbitGathering _gathering = new(inbox, reader, options, clock);
    readonly Queue<InHand> _inHand = new();

    // Batches that were not applied before a stop, and messages that were sent back because no queue had them any more.
    readonly ConcurrentQueue<List<RabbitMessage>> _givenUp = new();
    readonly HashSet<RabbitMessage> _returned = new(ReferenceEqualityComparer.Instance);
    Task _last = Task.CompletedTask,
        _answering = Task.CompletedTask;

    // Of all batches in hand. Once abandoned, nothing more of it is applied: that would overtake what was abandoned.
    RabbitConsumer? _consumer;
    long? _lostSince;
    bool _isAbandoned;
    int _unfinished;

    public string Name => Door;

    public async Task RunAsync(CancellationToken stopping)
    {
        // A series from the start: an alert on its age would otherwise miss a door that has never had a batch.
        metrics.InFlight(Name, TimeSpan.Zero);
        try
        {
            await ApplyAsync(stopping);
            await StopAsync();
        }
        finally
        {
            await _answering;
            // The connection may end now; what is not acknowledged goes back to the broker, for another replica or the next start.
            inbox.Finish();
        }
    }

    async Task ApplyAsync(CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
                AbandonLost();
                if (await _gathering.CollectAsync(Idle, stopping) is { Count: > 0 } batch)
                {
                    await BeginAsync(batch, stopping);
                }
                await FinishAsync(_inHand.Count(each => !each.Handling.IsCompleted), stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // A batch was given up.
        }
    }

    async Task BeginAsync(List<RabbitMessage> batch, CancellationToken stopping)
    {
        try
        {
            stopping.ThrowIfCancellationRequested();
            await FinishAsync(MostInHand - 1, stopping);
            _gathering.TopUp(batch);
            await StartAsync(batch, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _givenUp.Enqueue(batch);
            throw;
        }
    }

    // Waits for what is in hand. Whoever deletes the queue meanwhile, or has deleted it, leaves the only copies here.
    async Task StopAsync()
    {
        while (_inHand.FirstOrDefault(each => !each.Handling.IsCompleted) is { } unfinished)
        {
            heartbeats.Beat(Name);
            AbandonLost();
            await ReturnLastCopiesAsync();
            await Task.WhenAny(unfinished.Handling, Task.Delay(Idle, clock));
        }
        await returns.LookAgainAsync([.. new[] { _consumer, inbox.Consumer }.OfType<RabbitConsumer>().Distinct()]);
        while (await ReturnLastCopiesAsync())
        {
            // A consumer may have been cancelled while others' messages were returned.
        }
        // A batch that was given up is cancelled; a failure is the door's.
        if (_inHand.FirstOrDefault(each => each.Handling.IsFaulted) is { } failed)
        {
            await failed.Handling;
        }
    }

    // False where there was nothing to return. The inbox is asked first: what it has is behind the batches.
    async Task<bool> ReturnLastCopiesAsync()
    {
        var behind = inbox.TakeLastCopies().ConvertAll(reader.Read);
        var messages = _givenUp
            .Concat(_inHand.Where(each => !each.Handling.IsCompleted).Select(each => each.Messages))
            .SelectMany(batch => batch)
            .Where(message => message.Consumer.IsCancelled)
            .Concat(behind)
            .ToList();
        messages.RemoveAll(message => !_returned.Add(message));
        if (messages.Count > 0)
        {
            await returns.SendBackAsync([.. messages.OrderBy(message => message.Consumer.Ordinal).ThenBy(message => message.Number)]);
        }
        return messages.Count > 0;
    }

    async Task StartAsync(List<RabbitMessage> batch, CancellationToken stopping)
    {
        if (!ReferenceEquals(batch[0].Consumer, _consumer))
        {
            // The consumer before is gone: what it brought ends, or is abandoned, before the broker's next delivery is applied.
            await FinishAsync(0, stopping);
            (_consumer, _lostSince, _isAbandoned) = (batch[0].Consumer, null, false);
        }
        if (_isAbandoned)
        {
            _gathering.Drop(batch);
            return;
        }
        _inHand.Enqueue(new InHand(batch, _last = HandleAsync(batch, _last, stopping)));
    }

    // Waits for the oldest batches in hand until only so many are left. A stop ends it: what stays in hand is waited for there.
    async Task FinishAsync(int left, CancellationToken stopping)
    {
        while (_inHand.Count > left)
        {
            while (!_inHand.Peek().Handling.IsCompleted)
            {
                AbandonLost();
                await Task.WhenAny(_inHand.Peek().Handling, Task.Delay(Idle, clock, stopping));
                stopping.ThrowIfCancellationRequested();
            }
            await _inHand.Dequeue().Handling;
        }
    }

    // A batch whose consumer is gone belongs to the replica that consumes now. It has a moment to end; then it is abandoned, so that it
    // neither holds up what this replica gets next nor speaks for it.
    void AbandonLost()
    {
        if (_isAbandoned || _consumer is not { IsLost: true } || _inHand.All(each => each.Handling.IsCompleted))
        {
            return;
        }
        _lostSince ??= clock.GetTimestamp();
        if (clock.GetElapsedTime(_lostSince.Value) >= Idle)
        {
            _isAbandoned = true;
            handler.Abandon();
        }
    }

    async Task HandleAsync(List<RabbitMessage> batch, Task before, CancellationToken stopping)
    {
        // While PostgreSQL is away the handler waits and beats no heart; waiting is no death.
        var started = clock.GetTimestamp();
        Interlocked.Increment(ref _unfinished);
        using var alive = clock.CreateTimer(_ => StillAlive(started, before), null, Idle, Idle);
        var deliveries = batch.ConvertAll(message => message.Delivery);
        try
        {
            using var trace = IngestTracing.Start(Name, deliveries);
            await handler.HandleAsync(deliveries, stopping);
        }
        catch (OperationCanceledException) when (batch[0].Consumer.IsLost)
        {
            // Abandoned, wholly or in part: the acknowledgement below is not sent, and the broker delivers again.
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _givenUp.Enqueue(batch);
            throw;
        }
        // An acknowledgement is for all messages up to one, and the batch before may still be at its dead letters.
        await before;
        inbox.Held.Release(deliveries.Sum(delivery => delivery.Held));
        foreach (var messages in batch.GroupBy(message => message.Consumer))
        {
            await messages.Key.AcknowledgeAsync([.. messages]);
        }
        var asked = batch.FindAll(message => message.Delivery is { ReplyTo: not null, Reply: not null });
        if (asked.Count > 0)
        {
            // The next batch does not wait for these; the end of the door does.
            _answering = Task.WhenAll(_answering, replies.AnswerAsync(asked));
        }
        // Waits for its last call, which would leave an age behind.
        await alive.DisposeAsync();
        if (Interlocked.Decrement(ref _unfinished) == 0)
        {
            metrics.InFlight(Name, TimeSpan.Zero);
        }
    }

    // The oldest batch tells its age.
    void StillAlive(long started, Task before)
    {
        heartbeats.Beat(Name);
        if (before.IsCompleted)
        {
            metrics.InFlight(Name, clock.GetElapsedTime(started));
        }
    }

    sealed record InHand(List<RabbitMessage> Messages, Task Handling);
}
