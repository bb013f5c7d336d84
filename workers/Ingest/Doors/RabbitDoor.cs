using Betting.Hosting;
using Betting.Ingest.Batches;
using Betting.Ingest.Replies;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Doors;

/// <summary>Collects what the bus delivers into batches, one in hand at a time, and has each message acknowledged when its batch is done.</summary>
public sealed class RabbitDoor(
    RabbitInbox inbox, BatchHandler handler, RabbitReplies replies, IOptions<IngestOptions> options, IngestMetrics metrics, Heartbeats heartbeats, TimeProvider clock) : IWorkerLoop
{
    public const string Door = "rabbitmq";

    // One that is decided and saved, and one that is decoded and takes its ids meanwhile.
    const int MostInHand = 2;

    // Liveness and readiness are looked after at least this often.
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    readonly DeliveryOrder<RabbitMessage> _order = new(Idle, clock);
    readonly List<RabbitMessage> _ready = [];
    readonly Queue<Task> _inHand = new();

    public string Name => Door;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
                if (await CollectAsync(stopping) is { Count: > 0 } batch)
                {
                    await FinishAsync(MostInHand - 1);
                    _inHand.Enqueue(HandleAsync(batch, stopping));
                }
                await FinishAsync(_inHand.Count(handling => !handling.IsCompleted));
            }
            await FinishAsync(0);
        }
        finally
        {
            GiveBackTheRest();
        }
    }

    // Waits for the oldest batches in hand until only so many are left.
    async Task FinishAsync(int left)
    {
        while (_inHand.Count > left)
        {
            await _inHand.Dequeue();
        }
    }

    /// <returns>The next batch; empty after a second without one.</returns>
    async Task<List<RabbitMessage>> CollectAsync(CancellationToken stopping)
    {
        // A source's own timer may fire while it is disposed; one of ours would end the process.
        using var over = new CancellationTokenSource(_ready.Count > 0 ? options.Value.Linger : Idle, clock);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(stopping, over.Token);
        var lingering = _ready.Count > 0;
        try
        {
            while (_ready.Count < options.Value.BatchSize && await inbox.Messages.WaitToReadAsync(wait.Token))
            {
                Take();
                if (!lingering && _ready.Count > 0)
                {
                    lingering = true;
                    over.CancelAfter(options.Value.Linger);
                }
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // The linger, or the idle second, is over.
        }
        _order.PassOverdue(_ready);
        var size = Math.Min(_ready.Count, options.Value.BatchSize);
        var batch = _ready[..size];
        _ready.RemoveRange(0, size);
        return batch;
    }

    void Take()
    {
        while (_ready.Count < options.Value.BatchSize && inbox.Messages.TryRead(out var message))
        {
            _order.Add(message.Consumer, message.Number, message, _ready);
        }
    }

    async Task HandleAsync(List<RabbitMessage> batch, CancellationToken stopping)
    {
        // While PostgreSQL is away the handler waits and beats no heart; waiting is no death.
        var started = clock.GetTimestamp();
        using var alive = clock.CreateTimer(_ => StillAlive(started), null, Idle, Idle);
        var deliveries = batch.ConvertAll(message => message.Delivery);
        try
        {
            using (IngestTracing.Start(Name, deliveries))
            {
                await handler.HandleAsync(deliveries, stopping);
            }
        }
        catch
        {
            foreach (var message in batch)
            {
                message.Done.TrySetCanceled(CancellationToken.None);
            }
            throw;
        }
        Acknowledge(batch);
        metrics.QueueAge(Name, TimeSpan.Zero);
    }

    // Who waits for an answer is acknowledged with it. The next batch does not wait for that; the bus, when it stops, does.
    void Acknowledge(List<RabbitMessage> batch)
    {
        foreach (var message in batch.Where(message => message.Delivery.Reply is null))
        {
            message.Done.TrySetResult();
        }
        var asked = batch.FindAll(message => message.Delivery.Reply is not null);
        if (asked.Count > 0)
        {
            _ = replies.AnswerAsync(asked);
        }
    }

    void StillAlive(long started)
    {
        heartbeats.Beat(Name);
        metrics.QueueAge(Name, clock.GetElapsedTime(started));
    }

    // Cancelled deliveries go back to the broker, which gives them to another replica or to the next start.
    void GiveBackTheRest()
    {
        inbox.Close();
        while (inbox.Messages.TryRead(out var message))
        {
            message.Done.TrySetCanceled();
        }
        foreach (var message in _ready.Concat(_order.TakeAll()))
        {
            message.Done.TrySetCanceled();
        }
    }
}
