using Betting.Ingest.Receive.RabbitMq;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Decode;

/// <summary>Makes batches of what the inbox has. A batch has messages of one consumer only, in the order of delivery.</summary>
sealed class RabbitGathering(RabbitInbox inbox, RabbitReader reader, IOptions<IngestOptions> options, TimeProvider clock)
{
    /// <returns>The next batch, of one consumer's messages; empty after <paramref name="idle"/> without one.</returns>
    public async Task<List<RabbitMessage>> CollectAsync(TimeSpan idle, CancellationToken stopping)
    {
        var (batch, size) = (new List<RabbitMessage>(), options.Value.BatchSize);
        // A source's own timer may fire while it is disposed; one of ours would end the process.
        using var over = new CancellationTokenSource(idle, clock);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(stopping, over.Token);
        try
        {
            while (batch.Count < size && !IsComplete(batch) && await inbox.WaitAsync(wait.Token))
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
            // The linger or the idle time is over, or the worker stops.
        }
        return batch;
    }

    /// <summary>
    /// Adds what came while the batches before were waited for: it does not wait for them a second time. A message of another consumer
    /// drops those of the consumer before it.
    /// </summary>
    public void TopUp(List<RabbitMessage> batch)
    {
        while (batch.Count < options.Value.BatchSize && inbox.TryTake(batch.Count == 0 ? null : batch[0].Consumer, out var arrival))
        {
            if (batch is [var first, ..] && !ReferenceEquals(first.Consumer, arrival.Consumer))
            {
                Drop(batch);
            }
            batch.Add(reader.Read(arrival));
        }
    }

    // What comes next is of another queue.
    bool IsComplete(List<RabbitMessage> batch) => batch is [var first, ..] && inbox.IsBehind(first.Consumer);

    /// <summary>Empties the batch, whose consumer is gone: the broker delivers its messages again.</summary>
    public void Drop(List<RabbitMessage> batch)
    {
        foreach (var message in batch)
        {
            inbox.Held.Release(message.Delivery.Held);
            if (message.Delivery.IsAside)
            {
                inbox.PutAside.Remember(message.Delivery);
            }
        }
        batch.Clear();
    }
}
