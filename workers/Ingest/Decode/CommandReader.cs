using Betting.Contracts.Commands;
using Betting.Ingest.Messages;

namespace Betting.Ingest.Decode;

/// <summary>Reads the command of a message. Pure.</summary>
static class CommandReader
{
    /// <param name="delivery">The message.</param>
    /// <param name="command">What was read; null where it is refused.</param>
    /// <returns>Why it is no command; null where it is one.</returns>
    public static Refusal? Read(Delivery delivery, out HashedCommand? command)
    {
        command = null;
        if (delivery.Command is not { } json)
        {
            return new Refusal(Refusal.Document, delivery.Fault ?? "send a message with a command in it");
        }
        if (!CommandDecoder.TryDecode(json.Span, out var decoded, out var refusal))
        {
            return refusal;
        }
        command = new HashedCommand(decoded);
        return null;
    }
}
