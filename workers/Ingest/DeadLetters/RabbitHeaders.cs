using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>AMQP properties and headers: copied for a message that is sent on, and as text for people.</summary>
static class RabbitHeaders
{
    static readonly long FirstSecond = DateTimeOffset.MinValue.ToUnixTimeSeconds(), LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>
    /// Properties as they were, but for what would act on the copy: it does not expire, is persistent, goes where it is sent
    /// and nowhere else, and claims no sender (the broker checks that claim).
    /// </summary>
    public static BasicProperties Copy(IReadOnlyBasicProperties? original, Func<string, bool> keeps)
    {
        var copy = original is null ? new BasicProperties() : new BasicProperties(original);
        copy.ClearExpiration();
        copy.ClearUserId();
        copy.Persistent = true;
        copy.Headers = (original?.Headers ?? new Dictionary<string, object?>())
            .Where(header => keeps(header.Key) && header.Key is not ("CC" or "BCC") && !IsBrokers(header.Key))
            .ToDictionary(header => header.Key, header => header.Value);
        return copy;
    }

    public static List<KeyValuePair<string, string>> Text(IReadOnlyBasicProperties properties)
    {
        var headers = new List<KeyValuePair<string, string>>();
        Add("content-type", properties.ContentType);
        Add("message-id", properties.MessageId);
        Add("correlation-id", properties.CorrelationId);
        Add("reply-to", properties.ReplyTo);
        foreach (var (name, value) in properties.Headers ?? new Dictionary<string, object?>())
        {
            Add(name, Text(value));
        }
        return headers;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                headers.Add(new(name, value));
            }
        }
    }

    public static string? Text(object? value) => value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture);

    /// <summary>UTC; a number beyond the years 1 to 9999, which a publisher may send, as their first or last second.</summary>
    public static DateTime Moment(AmqpTimestamp timestamp) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(timestamp.UnixTime, FirstSecond, LastSecond)).UtcDateTime;

    // What the broker writes about its own dead lettering and deliveries.
    static bool IsBrokers(string name) =>
        name is "x-death" or "x-delivery-count" || name.StartsWith("x-first-death-", StringComparison.Ordinal) || name.StartsWith("x-last-death-", StringComparison.Ordinal);
}
