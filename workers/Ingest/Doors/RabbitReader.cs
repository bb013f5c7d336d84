using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Replies;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>Finds the command, the reply address and the trace in a message.</summary>
public sealed class RabbitReader(RabbitInbox inbox, ReplyRules replies, ILogger<RabbitReader> log)
{
    static readonly string TooLarge = $"keep it within {CommandContract.MaxBytes} bytes";

    /// <summary>Never throws: a message that cannot be read is a delivery without a command, which becomes a dead letter.</summary>
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
            var isRaw = message.Cut.IsBodyCut || !MassTransitEnvelope.IsNamedBy(message.Properties.ContentType);
            return isRaw ? Raw(message, coordinates) : Enveloped(message, coordinates);
        }
        catch (Exception unexpected)
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

    Delivery Raw(RabbitArrival message, string coordinates)
    {
        var properties = message.Properties;
        return new Delivery(message.Body, message.Cut.IsBodyCut ? default(ReadOnlyMemory<byte>?) : message.Body, coordinates)
        {
            Original = properties,
            Fault = TooLarge,
            Cut = message.Cut.Headers,
            Held = message.Cut.Held,
            IsLost = () => message.Consumer.IsLost,
            Reply = properties.ReplyTo is { } queue ? replies.Check(new ReplyAddress(queue, properties.CorrelationId, null)) : null,
            Context = IngestTracing.IsOn ? IngestTracing.Parse(Header(properties, "traceparent"), Header(properties, "tracestate")) : default,
        };
    }

    Delivery Enveloped(RabbitArrival message, string coordinates)
    {
        var envelope = MassTransitEnvelope.Read(message.Body);
        return new Delivery(message.Body, envelope.Message, coordinates)
        {
            Original = message.Properties,
            Fault = envelope.Fault,
            Cut = message.Cut.Headers,
            Held = message.Cut.Held,
            IsLost = () => message.Consumer.IsLost,
            Reply = envelope.ResponseAddress is { } address
                ? replies.Check(new ReplyAddress(ReplyRules.QueueOf(address), null, new MassTransitRequest(envelope.RequestId, envelope.ConversationId, address, envelope.Accepts)))
                : null,
            Context = IngestTracing.IsOn ? IngestTracing.Parse(envelope.TraceParent ?? Header(message.Properties, "MT-Activity-Id"), null) : default,
        };
    }

    static string? Header(IReadOnlyBasicProperties properties, string name) =>
        properties.Headers?.TryGetValue(name, out var value) == true ? RabbitHeaders.Text(value) : null;
}
