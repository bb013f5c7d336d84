using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>AMQP headers and properties as text, for dead letters.</summary>
static class RabbitHeaders
{
    public static IReadOnlyList<KeyValuePair<string, string>> Read(IReadOnlyBasicProperties properties)
    {
        // Most messages have none, and then nothing is allocated.
        if (properties is { Headers: null or { Count: 0 }, ContentType: null, MessageId: null, CorrelationId: null })
        {
            return [];
        }
        var headers = new List<KeyValuePair<string, string>>();
        Add(headers, "content-type", properties.ContentType);
        Add(headers, "message-id", properties.MessageId);
        Add(headers, "correlation-id", properties.CorrelationId);
        foreach (var (name, value) in properties.Headers ?? new Dictionary<string, object?>())
        {
            Add(headers, name, value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture));
        }
        return headers;
    }

    static void Add(List<KeyValuePair<string, string>> headers, string name, string? value)
    {
        if (value is not null)
        {
            headers.Add(new(name, value));
        }
    }
}
