using System.Threading.Channels;
using Betting.Contracts;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Replies;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>Between the connection and the door: messages in the order in which the broker sent them, as bytes.</summary>
public sealed class RabbitInbox(ReplyRules replies)
{
    // No bound of its own: the prefetch count bounds what the broker sends.
    readonly Channel<RabbitMessage> _messages = Channel.CreateUnbounded<RabbitMessage>();
    readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChannelReader<RabbitMessage> Messages => _messages.Reader;

    /// <summary>Ends when the door takes no more and has acknowledged all that it had in hand.</summary>
    public Task Finished => _finished.Task;

    public void Finish() => _finished.TrySetResult();

    /// <param name="consumer">Who acknowledges it.</param>
    /// <param name="number">Its number there.</param>
    /// <param name="properties">As they came.</param>
    /// <param name="body">Bytes that stay.</param>
    public void Add(RabbitConsumer consumer, ulong number, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body) =>
        _messages.Writer.TryWrite(new RabbitMessage(consumer, number, Read(body, number, properties)));

    /// <summary>Forgets what a connection that is gone has brought and nobody has taken: it comes again through the next one.</summary>
    public void Forget()
    {
        while (_messages.Reader.TryRead(out _))
        {
        }
    }

    Delivery Read(ReadOnlyMemory<byte> body, ulong number, IReadOnlyBasicProperties properties)
    {
        var coordinates = $"{Topics.Commands}#{number}";
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

/// <summary>A message that is not acknowledged yet.</summary>
/// <param name="Consumer">Who acknowledges it.</param>
/// <param name="Number">Its number there; they ascend in the order of delivery.</param>
/// <param name="Delivery">What the handler gets.</param>
public sealed record RabbitMessage(RabbitConsumer Consumer, ulong Number, Delivery Delivery);
