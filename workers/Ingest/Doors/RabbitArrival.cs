using System.Globalization;
using System.Security.Cryptography;
using Betting.Contracts.Commands;
using Betting.DeadLetters;
using Betting.Ingest.DeadLetters;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>A message as the client gave it, or the beginning of one that is too large to be held; nothing of it is read yet.</summary>
/// <param name="Consumer">Who acknowledges it.</param>
/// <param name="Number">Its number there; they ascend in the order of delivery.</param>
/// <param name="IsRedelivered">True where it was delivered before, to whomever.</param>
/// <param name="Properties">AMQP properties and headers, written by its publisher.</param>
/// <param name="Body">Bytes that stay.</param>
public sealed record RabbitArrival(RabbitConsumer Consumer, ulong Number, bool IsRedelivered, IReadOnlyBasicProperties Properties, ReadOnlyMemory<byte> Body)
{
    // An envelope around the largest command, with the usual headers, is within these: such messages are held whole, whatever else is held.
    // The prefetch count bounds how many there are.
    const int SmallBody = 2 * CommandContract.MaxBytes, SmallHeaders = 4096;

    // What is kept of a larger one: as much as a command may have.
    const int KeptBody = CommandContract.MaxBytes;

    /// <summary>Bytes that <see cref="HeldBytes"/> counts for it.</summary>
    public long Held { get; private init; }

    /// <summary>What its dead letter says about the parts that were not kept; empty where all are.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cut { get; private init; } = [];

    /// <summary>Copies a message. A large one is copied whole while there is room for it, else shortened.</summary>
    /// <param name="consumer">Who acknowledges it.</param>
    /// <param name="number">Its number there.</param>
    /// <param name="isRedelivered">As the broker says.</param>
    /// <param name="properties">As they came.</param>
    /// <param name="body">The client's memory, which is lent until the delivery is handled.</param>
    /// <param name="held">What large messages may take.</param>
    public static RabbitArrival Of(
        RabbitConsumer consumer, ulong number, bool isRedelivered, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, HeldBytes held)
    {
        var headers = RabbitSize.Of(properties);
        if (body.Length <= SmallBody && headers <= SmallHeaders)
        {
            return new RabbitArrival(consumer, number, isRedelivered, properties, body.ToArray());
        }
        var size = (long)body.Length + headers;
        return held.TryHold(size)
            ? new RabbitArrival(consumer, number, isRedelivered, properties, body.ToArray()) { Held = size }
            : Shortened(consumer, number, isRedelivered, properties, body, headers);
    }

    static RabbitArrival Shortened(RabbitConsumer consumer, ulong number, bool isRedelivered, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, int headers)
    {
        var (isHeadersCut, isBodyCut) = (headers > SmallHeaders, body.Length > SmallBody);
        var kept = properties;
        if (isHeadersCut)
        {
            kept = new BasicProperties(properties) { Headers = null };
        }
        string[] parts = [.. isHeadersCut ? new[] { "headers" } : [], .. isBodyCut ? new[] { "body" } : []];
        return new RabbitArrival(consumer, number, isRedelivered, kept, (isBodyCut ? body[..KeptBody] : body).ToArray())
        {
            Cut =
            [
                new(LetterHeaders.Truncated, string.Join(',', parts)),
                new(LetterHeaders.Size, body.Length.ToString(CultureInfo.InvariantCulture)),
                new(LetterHeaders.Sha256, Convert.ToHexStringLower(SHA256.HashData(body.Span))),
            ],
        };
    }
}
