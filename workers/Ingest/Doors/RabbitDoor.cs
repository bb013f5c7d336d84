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

    readonly Queue<Task> _inHand = new();
    Task _last = Task.CompletedTask, _answering = Task.CompletedTask;

    public string Name => Door;

    public async Task RunAsync(CancellationToken stopping)
    {
        // A series from the start: an alert on its age would otherwise miss a door that has never had a batch.
        metrics.QueueAge(Name, TimeSpan.Zero);
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
                if (await CollectAsync(stopping) is { Count: > 0 } batch && !stopping.IsCancellationRequested)
                {
                    await FinishAsync(MostInHand - 1);
                    TopUp(batch);
                    _inHand.Enqueue(_last = HandleAsync(batch, _last, stopping));
                }
                await FinishAsync(_inHand.Count(handling => !handling.IsCompleted));
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
        var (batch, size) = (new List<RabbitMessage>(), options.Value.BatchSize);
        // A source's own timer may fire while it is disposed; one of ours would end the process.
        using var over = new CancellationTokenSource(Idle, clock);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(stopping, over.Token);
        try
        {
            while (batch.Count < size && await inbox.WaitAsync(wait.Token))
            {
                var isFirst = batch.Count == 0;
                TopUp(batch);
                if (isFirst && batch.Count > 0)
                {
                    over.CancelAfter(options.Value.Linger);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The linger or the idle second is over, or the worker stops.
        }
        return batch;
    }

    // Also with what came while the batches before were waited for: it does not wait for them a second time.
    void TopUp(List<RabbitMessage> batch)
    {
        while (batch.Count < options.Value.BatchSize && inbox.TryTake(out var arrival))
        {
            batch.Add(reader.Read(arrival));
        }
    }

    async Task HandleAsync(List<RabbitMessage> batch, Task before, CancellationToken stopping)
    {
        // While PostgreSQL is away the handler waits and beats no heart; waiting is no death.
        var started = clock.GetTimestamp();
        using var alive = clock.CreateTimer(_ => StillAlive(started), null, Idle, Idle);
        var deliveries = batch.ConvertAll(message => message.Delivery);
        using (IngestTracing.Start(Name, deliveries))
        {
            await handler.HandleAsync(deliveries, stopping);
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
        metrics.QueueAge(Name, TimeSpan.Zero);
    }

    void StillAlive(long started)
    {
        heartbeats.Beat(Name);
        metrics.QueueAge(Name, clock.GetElapsedTime(started));
    }
}
