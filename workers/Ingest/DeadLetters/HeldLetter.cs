using Betting.Ingest.Receive.Frames;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>A message of the queue of dead letters that a look holds.</summary>
/// <param name="DeliveryTag">Its number on the look's channel.</param>
/// <param name="IsRedelivered">True where it was delivered before and went back to the queue.</param>
/// <param name="Properties">Properties and headers as the broker delivers them.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Cut">What was left out of it before the client read it.</param>
sealed record HeldLetter(
    ulong DeliveryTag,
    bool IsRedelivered,
    IReadOnlyBasicProperties Properties,
    ReadOnlyMemory<byte> Body,
    ContentCut Cut
)
{
    /// <summary>
    /// How often it went back to the queue. RabbitMQ writes the header on what went back to a quorum queue; on any other message it can
    /// be a publisher's.
    /// A classic queue counts nothing.
    /// </summary>
    public long Returns =>
        IsRedelivered && Properties.Headers?.TryGetValue("x-delivery-count", out var count) == true && count is long times ? times : 0;
}
