using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>A dead letter as RabbitMQ takes it: properties, headers and body.</summary>
static class RabbitLetterForm
{
    // What a header frame has besides the properties.
    const int FrameOverhead = 32;

    /// <returns>Bytes of properties and headers that one frame of this connection takes; they are never split over frames.</returns>
    public static int HeaderLimit(IConnection? connection) =>
        connection is { FrameMax: > 0 and var frame } ? (int)Math.Min(frame, int.MaxValue) - FrameOverhead : int.MaxValue;

    /// <summary>Body, properties and headers as they came, and ours; shortened where its headers would not fit into a frame.</summary>
    public static (BasicProperties Properties, ReadOnlyMemory<byte> Body) Whole(DeadLetter letter, int headerLimit)
    {
        var properties = RabbitHeaders.Copy(letter.Delivery.Original as IReadOnlyBasicProperties, DeadLetter.Keeps);
        foreach (var (name, value) in letter.Headers)
        {
            properties.Headers![name] = value;
        }
        return RabbitSize.Of(properties) <= headerLimit ? (properties, letter.Delivery.Body) : Shortened(letter, headerLimit);
    }

    /// <summary>The first bytes of body and headers; header values as bytes.</summary>
    public static (BasicProperties Properties, ReadOnlyMemory<byte> Body) Shortened(DeadLetter letter, int headerLimit)
    {
        var limit = Math.Max(ShortenedLetter.LeastLimit, Math.Min(LetterForm.ShortenedBytes, headerLimit));
        var content = ShortenedLetter.Of(LetterForm.Content(letter), limit);
        var original = letter.Delivery.Original as IReadOnlyBasicProperties;
        var headers = new Dictionary<string, object?>();
        foreach (var header in content.Headers)
        {
            headers[RabbitHeaders.ShortText(header.Name)!] = header.Value?.ToArray();
        }
        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = RabbitHeaders.ShortText(original?.ContentType),
            Headers = headers,
        };
        return (properties, content.Body ?? default);
    }
}
