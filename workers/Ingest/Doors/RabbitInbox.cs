using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Doors;

/// <summary>
/// Between the connection and the door: messages in the order in which the broker sent them. A message is registered here before
/// anything of it is read, so that nothing a publisher writes can keep it out of the books.
/// </summary>
public sealed class RabbitInbox(IOptions<IngestOptions> options, TimeProvider clock)
{
    // No bound of its own: the prefetch count bounds what the broker sends, and what is held of each is bounded by Held.
    readonly Channel<RabbitArrival> _messages = Channel.CreateUnbounded<RabbitArrival>();
    readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What large messages may take.</summary>
    public HeldBytes Held { get; } = new(options.Value.HeldBytes);

    /// <summary>Dead letters whose messages come again.</summary>
    public PutAsideMemory PutAside { get; } = new(clock);

    public ChannelReader<RabbitArrival> Messages => _messages.Reader;

    /// <summary>Ends when the door takes no more and has acknowledged all that it had in hand.</summary>
    public Task Finished => _finished.Task;

    public void Finish() => _finished.TrySetResult();

    public void Add(RabbitArrival arrival) => _messages.Writer.TryWrite(arrival);

    /// <summary>Forgets what a connection that is gone has brought and nobody has taken: it comes again through the next one.</summary>
    public void Forget()
    {
        while (_messages.Reader.TryRead(out var arrival))
        {
            Held.Release(arrival.Held);
        }
    }
}

/// <summary>A message that is not acknowledged yet.</summary>
/// <param name="Consumer">Who acknowledges it.</param>
/// <param name="Number">Its number there; they ascend in the order of delivery.</param>
/// <param name="Delivery">What the handler gets.</param>
public sealed record RabbitMessage(RabbitConsumer Consumer, ulong Number, Delivery Delivery);
