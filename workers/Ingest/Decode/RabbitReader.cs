using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Betting.Ingest.Receive.Frames;
using Betting.Ingest.Receive.RabbitMq;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Betting.Ingest.Decode;

/// <summary>Finds the command, the reply address and the trace in a message.</summary>
public sealed class RabbitReader(RabbitInbox inbox, ReplyRules replies, ILogger<RabbitReader> log)
{
    /// <summary>A message that cannot be read is a delivery without a command, which becomes a dead letter.</summary>
    /// <exception cref="OutOfMemoryException">Says nothing about the message, which the broker delivers again.</exception>
    public RabbitMessage Read(RabbitArrival arrival)
    {
        var delivery = DeliveryOf(arrival);
        delivery.IsAside = arrival.IsRedelivered && inbox.PutAside.TryTake(delivery);
        return new RabbitMessage(arrival.Consumer, arrival.Number, delivery);
    }

    Delivery DeliveryOf(RabbitArrival message)
    {
        var coordinates = $"{Topics.Commands}#{message.Number}";
        try
        {
            var size = message.Cut.WholeBody ?? message.Body.Length;
            return MassTransitEnvelope.IsNamedBy(message.Properties.ContentType)
                ? Enveloped(message, size, coordinates)
                : Raw(message, size, coordinates);
        }
        catch (Exception unexpected) when (unexpected is not OutOfMemoryException)
        {
            IngestLog.MessageNotRead(log, RabbitDoor.Door, coordinates, unexpected);
            return new Delivery(message.Body, null, coordinates)
            {
                Original = message.Properties,
                Fault = $"it could not be read ({unexpected.GetType().Name})",
                Cut = message.Cut.Headers,
                Held = message.Cut.Held,
                IsLost = () => message.Consumer.IsLost,
            };
        }
    }

    Delivery Raw(RabbitArrival message, long size, string coordinates)
    {
        var (properties, tooLarge) = (message.Properties, Refusal.OfCommandSize(size));
        return new Delivery(message.Body, tooLarge is null ? message.Body : default(ReadOnlyMemory<byte>?), coordinates)
        {
            Original = properties,
            Fault = tooLarge?.Fix,
            Cut = message.Cut.Headers,
            Held = message.Cut.Held,
            IsLost = () => message.Consumer.IsLost,
            ReplyTo = properties.ReplyTo is { } queue ? replies.Check(new ReplyAddress(queue, properties.CorrelationId, null)) : null,
            Context = IngestTracing.IsOn
                ? IngestTracing.Parse(Header(properties, "traceparent"), Header(properties, "tracestate"))
                : default,
        };
    }

    Delivery Enveloped(RabbitArrival message, long size, string coordinates)
    {
        // Of one that is too large no more is read than is left where it is cut.
        var envelope = Refusal.OfMessageSize(size) is { } tooLarge
            ? MassTransitEnvelope.ReadBeginning(message.Body[..Math.Min(message.Body.Length, ContentRule.KeptBody)]) with
            {
                Fault = tooLarge.Fix,
            }
            : MassTransitEnvelope.Read(message.Body);
        return new Delivery(message.Body, envelope.Message, coordinates)
        {
            Original = message.Properties,
            Fault = envelope.Fault,
            Cut = message.Cut.Headers,
            Held = message.Cut.Held,
            IsLost = () => message.Consumer.IsLost,
            ReplyTo = envelope.ResponseAddress is { } address
                ? replies.Check(
                    new ReplyAddress(
                        ReplyRules.QueueOf(address),
                        null,
                        new MassTransitRequest(envelope.RequestId, envelope.ConversationId, address, envelope.Accepts)
                    )
                )
                : null,
            Context = IngestTracing.IsOn
                ? IngestTracing.Parse(envelope.TraceParent ?? Header(message.Properties, "MT-Activity-Id"), null)
                : default,
        };
    }

    static string? Header(IReadOnlyBasicProperties properties, string name) =>
        properties.Headers?.TryGetValue(name, out var value) == true ? RabbitHeaders.Plain(value) : null;
}
