using System.Threading.Channels;
using Betting.Contracts;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Replies;
using MassTransit;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>
/// Stands in the bus's receive pipe: takes each message as bytes, before the bus would make an object of it, and lets the
/// bus acknowledge it when its batch is done. Nothing goes on to the rest of the pipe, so no error or skipped queue is written.
/// </summary>
public sealed class RabbitInbox(ReplyRules replies) : IFilter<ReceiveContext>
{
    // No bound of its own: the prefetch count bounds what the broker sends.
    readonly Channel<RabbitMessage> _messages = Channel.CreateUnbounded<RabbitMessage>(new UnboundedChannelOptions { SingleReader = true });

    public ChannelReader<RabbitMessage> Messages => _messages.Reader;

    /// <exception cref="OperationCanceledException">The door is closed; the bus gives the message back to the broker.</exception>
    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var delivered = context.GetPayload<RabbitMqBasicConsumeContext>();
        var message = new RabbitMessage(delivered.ConsumerTag, delivered.DeliveryTag, Read(context.GetBody(), delivered.DeliveryTag, delivered.Properties));
        if (!_messages.Writer.TryWrite(message))
        {
            throw new OperationCanceledException("the door is closed");
        }
        await message.Done.Task;
    }

    /// <summary>No message is taken from now on.</summary>
    public void Close() => _messages.Writer.TryComplete();

    public void Probe(ProbeContext context) => context.CreateFilterScope("commands");

    Delivery Read(ReadOnlyMemory<byte> body, ulong tag, IReadOnlyBasicProperties properties)
    {
        var coordinates = $"{Topics.Commands}#{tag}";
        if (!MassTransitEnvelope.IsNamedBy(properties.ContentType))
        {
            return new Delivery(body, body, coordinates)
            {
                Original = properties,
                Reply = properties.ReplyTo is { } queue ? replies.Check(new ReplyAddress(queue, properties.CorrelationId, null)) : null,
                Context = IngestTracing.IsOn ? IngestTracing.Parse(Header(properties, "traceparent"), Header(properties, "tracestate")) : default,
            };
        }
        var envelope = MassTransitEnvelope.Read(body);
        return new Delivery(body, envelope.Message, coordinates)
        {
            Original = properties,
            Reply = envelope.ResponseAddress is { } address
                ? replies.Check(new ReplyAddress(ReplyRules.QueueOf(address), null, new MassTransitRequest(envelope.RequestId, envelope.ConversationId, address, envelope.Accepts)))
                : null,
            Context = IngestTracing.IsOn ? IngestTracing.Parse(envelope.TraceParent ?? Header(properties, "MT-Activity-Id"), null) : default,
        };
    }

    static string? Header(IReadOnlyBasicProperties properties, string name) =>
        properties.Headers?.TryGetValue(name, out var value) == true ? RabbitHeaders.Text(value) : null;
}

/// <summary>A message on its way; its <see cref="Done"/> ends the bus's wait, successfully or not.</summary>
public sealed record RabbitMessage(string Consumer, ulong Number, Delivery Delivery)
{
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
