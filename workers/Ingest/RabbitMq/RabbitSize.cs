using System.Collections;
using System.Text;
using RabbitMQ.Client;

namespace Betting.Ingest.RabbitMq;

/// <summary>How large AMQP properties and headers are.</summary>
static class RabbitSize
{
    // Deeper than any client nests tables; writing and reading them is recursive in every client.
    const int MaxDepth = 32;

    // All properties but the texts and the headers: flags, timestamp, mode, priority.
    const int FixedBytes = 64;

    /// <returns>
    /// Bytes, a little more than they are written with; the largest number where tables are nested too deep to be written.
    /// </returns>
    public static int Of(IReadOnlyBasicProperties properties)
    {
        string?[] texts =
        [
            properties.ContentType,
            properties.ContentEncoding,
            properties.CorrelationId,
            properties.ReplyTo,
            properties.Expiration,
            properties.MessageId,
            properties.Type,
            properties.UserId,
            properties.AppId,
            properties.ClusterId,
        ];
        var size =
            FixedBytes
            + texts.Sum(text => text is null ? 0L : 1 + Encoding.UTF8.GetByteCount(text))
            + (properties.Headers is { } headers ? Of(headers, 0) : 0);
        return (int)Math.Min(size, int.MaxValue);
    }

    static long Of(object? value, int depth) =>
        value switch
        {
            _ when depth > MaxDepth => int.MaxValue,
            IDictionary<string, object?> table => 5
                + table.Sum(entry => 1L + Encoding.UTF8.GetByteCount(entry.Key) + Of(entry.Value, depth + 1)),
            byte[] bytes => 5 + bytes.Length,
            string text => 5 + Encoding.UTF8.GetByteCount(text),
            BinaryTableValue binary => 5 + (binary.Bytes?.Length ?? 0),
            IList list => 5 + list.Cast<object?>().Sum(item => Of(item, depth + 1)),
            _ => 9,
        };
}
