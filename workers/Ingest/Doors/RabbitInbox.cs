using System.Threading.Channels;
using Betting.Contracts;
using MassTransit;

namespace Betting.Ingest.Doors;

/// <summary>
/// Stands in the bus's receive pipe: takes each message as bytes, before the bus would make an object of it, and lets the
/// bus acknowledge it when its batch is done. Nothing goes on to the rest of the pipe, so no error or skipped queue is written.
/// </summary>
public sealed class RabbitInbox : IFilter<ReceiveContext>
{
    // No bound of its own: the prefetch count bounds what the broker sends.
    readonly Channel<RabbitMessage> _messages = Channel.CreateUnbounded<RabbitMessage>(new UnboundedChannelOptions { SingleReader = true });

    public ChannelReader<RabbitMessage> Messages => _messages.Reader;

    /// <exception cref="OperationCanceledException">The door is closed; the bus gives the message back to the broker.</exception>
    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var delivered = context.GetPayload<RabbitMqBasicConsumeContext>();
        var message = new RabbitMessage(delivered.ConsumerTag, delivered.DeliveryTag, Read(context, delivered));
        if (!_messages.Writer.TryWrite(message))
        {
            throw new OperationCanceledException("the door is closed");
        }
        await message.Done.Task;
    }

    /// <summary>No message is taken from now on.</summary>
    public void Close() => _messages.Writer.TryComplete();

    public void Probe(ProbeContext context) => context.CreateFilterScope("commands");

    static Delivery Read(ReceiveContext context, RabbitMqBasicConsumeContext delivered)
    {
        ReadOnlyMemory<byte> body = context.GetBody();
        var command = MassTransitEnvelope.IsNamedBy(delivered.Properties.ContentType) ? MassTransitEnvelope.Message(body) : body;
        return new Delivery(body, command, $"{Topics.Commands}#{delivered.DeliveryTag}") { Original = delivered.Properties };
    }
}

/// <summary>A message on its way; its <see cref="Done"/> ends the bus's wait, successfully or not.</summary>
public sealed record RabbitMessage(string Consumer, ulong Number, Delivery Delivery)
{
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
