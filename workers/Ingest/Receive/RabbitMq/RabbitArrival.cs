using Betting.Ingest.Receive.Frames;
using RabbitMQ.Client;

namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>A message as the client gave it; nothing of it is read yet.</summary>
/// <param name="Consumer">Who acknowledges it.</param>
/// <param name="Number">Its number there; they ascend in the order of delivery.</param>
/// <param name="IsRedelivered">True where it was delivered before, to whomever.</param>
/// <param name="Properties">AMQP properties and headers, written by its publisher.</param>
/// <param name="Body">Bytes that stay.</param>
/// <param name="Cut">What was left out of it on its way, and what is held for it.</param>
public sealed record RabbitArrival(
    RabbitConsumer Consumer,
    ulong Number,
    bool IsRedelivered,
    IReadOnlyBasicProperties Properties,
    ReadOnlyMemory<byte> Body,
    ContentCut Cut
);
