using System.Text;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Confluent.Kafka;
using RabbitMQ.Client;
using Headers = Confluent.Kafka.Headers;

namespace Betting.Ingest.DeadLetters;

/// <summary>A dead letter as bytes, the same for every place that it is written to.</summary>
static class LetterForm
{
    /// <summary>Key, body and headers of a shortened letter: less than any broker's limit in use.</summary>
    public const int ShortenedBytes = 64 * 1024;

    /// <summary>The original's key, body and headers, then those that putting it aside adds.</summary>
    public static LetterContent Content(DeadLetter letter)
    {
        var (key, body, headers) = letter.Delivery.Original switch
        {
            ConsumeResult<byte[]?, byte[]?> record => (
                LetterContent.Bytes(record.Message.Key),
                LetterContent.Bytes(record.Message.Value),
                Of(record.Message.Headers)
            ),
            IReadOnlyBasicProperties properties => (LetterContent.Bytes(null), letter.Delivery.Body, RabbitHeaders.Bytes(properties)),
            _ => (LetterContent.Bytes(null), letter.Delivery.Body, []),
        };
        headers.RemoveAll(header => !DeadLetter.Keeps(header.Name));
        headers.AddRange(letter.Headers.Select(header => new LetterHeader(header.Key, Encoding.UTF8.GetBytes(header.Value))));
        return new LetterContent(key, body, headers);
    }

    static List<LetterHeader> Of(Headers? headers) =>
        [.. (headers ?? []).Select(header => new LetterHeader(header.Key, LetterContent.Bytes(header.GetValueBytes())))];
}
