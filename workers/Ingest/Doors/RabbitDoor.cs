using Betting.Hosting;
using Betting.Ingest.Batches;
using Betting.Ingest.Replies;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Doors;

/// <summary>Makes batches of what the inbox has, two in hand at a time, and acknowledges each when it and those before it are done.</summary>
public sealed class RabbitDoor(
    RabbitInbox inbox, RabbitReader reader, BatchHandler handler, RabbitReplies replies, IOptions<IngestOptions> options, IngestMetrics metrics, Heartbeats heartbeats, TimeProvider clock) : IWorkerLoop
{
    public const string Door = "rabbitmq";

    // One that is decided and saved, and one that is decoded and takes its ids meanwhile.
    const int MostInHand = 2;

    // Liveness and readiness are looked after at least this often.
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    readonly RabbitGathering _gathering = new(inbox, reader, options, clock);
    readonly Queue<Task> _inHand = new();
    Task _last = Task.CompletedTask, _answering = Task.CompletedTask;

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
            while (!stopping.IsCancellationRequested)
            {
                await ApplyNextAsync(stopping);
            }
            // The next start would not get these.
            while (inbox.HasLastCopy)
            {
                await ApplyNextAsync(CancellationToken.None);
            }
            await FinishAsync(0);
        }
        finally
        {
            await _answering;
            // The connection may end now; what is not acknowledged goes back to the broker, for another replica or the next start.
            inbox.Finish();
        }
    }

    async Task ApplyNextAsync(CancellationToken stopping)
    {
        heartbeats.Beat(Name);
        AbandonLost();
        if (await _gathering.CollectAsync(Idle, stopping) is { Count: > 0 } batch && IsToBeApplied(batch, stopping))
        {
            await FinishAsync(MostInHand - 1);
            _gathering.TopUp(batch);
            await StartAsync(batch, stopping);
        }
        await FinishAsync(_inHand.Count(handling => !handling.IsCompleted));
    }

    static bool IsToBeApplied(List<RabbitMessage> batch, CancellationToken stopping) => !stopping.IsCancellationRequested || batch[0].Consumer.IsCancelled;

    async Task StartAsync(List<RabbitMessage> batch, CancellationToken stopping)
    {
        if (!ReferenceEquals(batch[0].Consumer, _consumer))
        {
            // The consumer before is gone: what it brought ends, or is abandoned, before the broker's next delivery is applied.
            await FinishAsync(0);
            (_consumer, _lostSince, _isAbandoned) = (batch[0].Consumer, null, false);
        }
        if (_isAbandoned)
        {
            _gathering.Drop(batch);
            return;
        }
        _inHand.Enqueue(_last = HandleAsync(batch, _last, stopping));
    }

    // Waits for the oldest batches in hand until only so many are left.
    async Task FinishAsync(int left)
    {
        while (_inHand.Count > left)
        {
            while (!_inHand.Peek().IsCompleted)
            {
                AbandonLost();
                await Task.WhenAny(_inHand.Peek(), Task.Delay(Idle, clock));
            }
            await _inHand.Dequeue();
        }
    }

    // A batch whose consumer is gone belongs to the replica that consumes now. It has a moment to end; then it is abandoned, so that it
    // neither holds up what this replica gets next nor speaks for it.
    void AbandonLost()
    {
        if (_isAbandoned || _consumer is not { IsLost: true } || _inHand.All(handling => handling.IsCompleted))
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
        using var ending = new CancellationTokenSource();
        await using var ended = stopping.UnsafeRegister(_ => EndUnlessLastCopy(batch, ending), null);
        var deliveries = batch.ConvertAll(message => message.Delivery);
        try
        {
            using var trace = IngestTracing.Start(Name, deliveries);
            await handler.HandleAsync(deliveries, ending.Token);
        }
        catch (OperationCanceledException) when (batch[0].Consumer.IsLost)
        {
            // Abandoned, wholly or in part: the acknowledgement below is not sent, and the broker delivers again.
        }
        // An acknowledgement is for all messages up to one, and the batch before may still be at its dead letters.
        await before;
        inbox.Held.Release(deliveries.Sum(delivery => delivery.Held));
        foreach (var messages in batch.GroupBy(message => message.Consumer))
        {
            await messages.Key.AcknowledgeAsync([.. messages]);
        }
        var asked = batch.FindAll(message => message.Delivery is { Reply: not null, Answer: not null });
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

    // What nobody delivers again is finished, also where that takes as long as the host waits.
    static void EndUnlessLastCopy(List<RabbitMessage> batch, CancellationTokenSource ending)
    {
        if (!batch[0].Consumer.IsCancelled)
        {
            _ = ending.CancelAsync();
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
}
