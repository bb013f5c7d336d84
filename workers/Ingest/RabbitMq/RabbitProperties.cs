using System.Globalization;
using System.Text;
using Betting.DeadLetters;
using RabbitMQ.Client;

namespace Betting.Ingest.RabbitMq;

/// <summary>AMQP properties among a letter's headers: <c>properties.</c> and their name in AMQP 0-9-1.</summary>
static class RabbitProperties
{
    const string ContentType = "properties.content-type",
        ContentEncoding = "properties.content-encoding",
        Priority = "properties.priority",
        CorrelationId = "properties.correlation-id",
        ReplyTo = "properties.reply-to",
        MessageId = "properties.message-id",
        Timestamp = "properties.timestamp",
        Type = "properties.type",
        AppId = "properties.app-id",
        ClusterId = "properties.cluster-id";

    /// <summary>Those that are set; texts as long as an AMQP short string at most.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Of(IReadOnlyBasicProperties properties)
    {
        KeyValuePair<string, string?>[] all =
        [
            new(ContentType, properties.ContentType),
            new(ContentEncoding, properties.ContentEncoding),
            new(Priority, properties.IsPriorityPresent() ? properties.Priority.ToString(CultureInfo.InvariantCulture) : null),
            new(CorrelationId, properties.CorrelationId),
            new(ReplyTo, properties.ReplyTo),
            new(MessageId, properties.MessageId),
            new(Timestamp, properties.IsTimestampPresent() ? properties.Timestamp.UnixTime.ToString(CultureInfo.InvariantCulture) : null),
            new(Type, properties.Type),
            new(AppId, properties.AppId),
            new(ClusterId, properties.ClusterId),
        ];
        return all.Where(property => property.Value is not null)
            .Select(property => KeyValuePair.Create(property.Key, RabbitHeaders.ShortText(property.Value)!));
    }

    /// <summary>Sets what <see cref="Of"/> has written.</summary>
    public static void Set(BasicProperties properties, IEnumerable<LetterHeader> headers)
    {
        foreach (var header in headers.Where(header => header.Form == HeaderForm.Property))
        {
            var text = RabbitHeaders.ShortText(Encoding.UTF8.GetString((header.Value ?? default).Span));
            switch (header.Name)
            {
                case ContentType:
                    properties.ContentType = text;
                    break;
                case ContentEncoding:
                    properties.ContentEncoding = text;
                    break;
                case CorrelationId:
                    properties.CorrelationId = text;
                    break;
                case ReplyTo:
                    properties.ReplyTo = text;
                    break;
                case MessageId:
                    properties.MessageId = text;
                    break;
                case Type:
                    properties.Type = text;
                    break;
                case AppId:
                    properties.AppId = text;
                    break;
                case ClusterId:
                    properties.ClusterId = text;
                    break;
                case Priority when byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var priority):
                    properties.Priority = priority;
                    break;
                case Timestamp when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds):
                    properties.Timestamp = new AmqpTimestamp(seconds);
                    break;
            }
        }
    }
}
