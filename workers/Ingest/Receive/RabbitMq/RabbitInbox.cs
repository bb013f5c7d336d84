using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// Between the connection and the door: messages in the order in which the broker sent them. A message is registered here before
/// anything of it is read, so that nothing a publisher writes can keep it out of the books.
/// </summary>
public sealed class RabbitInbox(IOptions<IngestOptions> options, TimeProvider clock)
{
    // No bound of its own: the prefetch count bounds how many messages there are, ContentRule and Held bound their bytes.
    readonly Channel<RabbitArrival> _messages = Channel.CreateUnbounded<RabbitArrival>();
    readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Lock _gate = new();
    RabbitConsumer? _source;

    /// <summary>What large messages may take.</summary>
    public HeldBytes Held { get; } = new(options.Value.HeldBytes);

    /// <summary>For whoever brings or takes messages.</summary>
    public TimeProvider Clock => clock;

    /// <summary>Dead letters whose messages come again.</summary>
    public PutAsideMemory PutAside { get; } = new(clock);

    /// <summary>Who brings messages now; null where nobody has begun to.</summary>
    public RabbitConsumer? Consumer
    {
        get
        {
            lock (_gate)
            {
                return _source;
            }
        }
    }

    /// <summary>Waits until there may be a message to take.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _messages.Reader.WaitToReadAsync(cancellation);

    /// <summary>
    /// Takes the messages that are nowhere else, because the queue that they came from was deleted. The others stay in their order.
    /// </summary>
    public List<RabbitArrival> TakeLastCopies()
    {
        lock (_gate)
        {
            // A consumer may be cancelled meanwhile, so each is asked once.
            var all = Drain();
            var cancelled = all.Select(arrival => arrival.Consumer).Distinct().Where(consumer => consumer.IsCancelled).ToHashSet();
            var isLast = all.ToLookup(arrival => cancelled.Contains(arrival.Consumer));
            foreach (var other in isLast[false])
            {
                _messages.Writer.TryWrite(other);
            }
            return [.. isLast[true]];
        }
    }

    /// <summary>
    /// Takes the next message; false where there is none now, or it is another consumer's and those of the consumer before it are to be
    /// applied first.
    /// </summary>
    /// <param name="before">Whose messages were taken before; null where none were.</param>
    /// <param name="arrival">The message.</param>
    public bool TryTake(RabbitConsumer? before, [NotNullWhen(true)] out RabbitArrival? arrival)
    {
        lock (_gate)
        {
            arrival = null;
            return !IsBehind(before) && _messages.Reader.TryRead(out arrival);
        }
    }

    /// <summary>True where the next message is of another consumer than <paramref name="before"/>, whose queue was deleted.</summary>
    public bool IsBehind(RabbitConsumer? before) =>
        before is { IsCancelled: true } && _messages.Reader.TryPeek(out var next) && !ReferenceEquals(next.Consumer, before);

    /// <summary>Ends when the door takes no more and has acknowledged all that it had in hand.</summary>
    public Task Finished => _finished.Task;

    public void Finish() => _finished.TrySetResult();

    /// <summary>
    /// Takes messages from this consumer only. Drops what the consumer before it brought and nobody has taken, and what that
    /// one may still bring: the broker delivers it again, unless it has cancelled that consumer.
    /// </summary>
    /// <remarks>Under one lock with taking, so that no message is taken after an earlier one of the same consumer was dropped.</remarks>
    public void SwitchTo(RabbitConsumer consumer)
    {
        lock (_gate)
        {
            _source = consumer;
            foreach (var arrival in Drain())
            {
                // What cancelled consumers brought comes first.
                if (arrival.Consumer.IsCancelled)
                {
                    _messages.Writer.TryWrite(arrival);
                }
                else
                {
                    Held.Release(arrival.Cut.Held);
                }
            }
        }
    }

    List<RabbitArrival> Drain()
    {
        var all = new List<RabbitArrival>();
        while (_messages.Reader.TryRead(out var arrival))
        {
            all.Add(arrival);
        }
        return all;
    }

    public void Add(RabbitArrival arrival)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(arrival.Consumer, _source))
            {
                Held.Release(arrival.Cut.Held);
                return;
            }
            _messages.Writer.TryWrite(arrival);
        }
    }
}

/// <summary>A message that is not acknowledged yet.</summary>
/// <param name="Consumer">Who acknowledges it.</param>
/// <param name="Number">Its number there; they ascend in the order of delivery.</param>
/// <param name="Delivery">What the handler gets.</param>
public sealed record RabbitMessage(RabbitConsumer Consumer, ulong Number, Delivery Delivery);
