using System.Globalization;
using System.Text;
using Betting.DeadLetters;
using RabbitMQ.Client;

namespace Betting.Ingest.RabbitMq;

/// <summary>AMQP properties and headers: copied for a message that is sent on, and as text for people.</summary>
static class RabbitHeaders
{
    // Bytes of an AMQP short string.
    const int MaxShortText = 255;

    static readonly long FirstSecond = DateTimeOffset.MinValue.ToUnixTimeSeconds(),
        LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

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
        Fit(copy);
        var headers = new Dictionary<string, object?>();
        foreach (var (name, value) in original?.Headers ?? new Dictionary<string, object?>())
        {
            if (keeps(name) && name is not ("CC" or "BCC") && !LetterHeaders.IsBrokers(name))
            {
                headers[ShortText(name)!] = value;
            }
        }
        copy.Headers = headers;
        return copy;
    }

    /// <summary>
    /// At most 255 bytes of UTF-8, which is all that an AMQP short string holds. Bytes that were no UTF-8 were read as U+FFFD, which has
    /// three bytes: a text that came in one may not go back into one.
    /// </summary>
    public static string? ShortText(string? text)
    {
        if (text is null || Encoding.UTF8.GetByteCount(text) <= MaxShortText)
        {
            return text;
        }
        var length = Math.Min(text.Length, MaxShortText);
        while (Encoding.UTF8.GetByteCount(text.AsSpan(0, length)) > MaxShortText || char.IsHighSurrogate(text[length - 1]))
        {
            length--;
        }
        return text[..length];
    }

    /// <summary>
    /// The properties that say what a publisher sent, named <c>properties.NAME</c>, and the headers. Not among them is what a copy does not
    /// keep (expiration, user id, delivery mode).
    /// </summary>
    public static List<KeyValuePair<string, string>> Text(IReadOnlyBasicProperties properties) =>
        Bytes(properties).ConvertAll(header => KeyValuePair.Create(header.Name, TextOf(header)));

    /// <summary>
    /// The same, with values of bytes, for a letter that is not written as AMQP. Strings are their own bytes; other types are text.
    /// </summary>
    public static List<LetterHeader> Bytes(IReadOnlyBasicProperties properties) =>
        [
            .. RabbitProperties
                .Of(properties)
                .Select(property => new LetterHeader(property.Key, Encoding.UTF8.GetBytes(property.Value)) { Form = HeaderForm.Property }),
            .. (properties.Headers ?? new Dictionary<string, object?>()).Select(header =>
                header.Value switch
                {
                    byte[] bytes => new LetterHeader(header.Key, bytes),
                    string text => new LetterHeader(header.Key, Encoding.UTF8.GetBytes(text)),
                    var value => new LetterHeader(header.Key, Encoding.UTF8.GetBytes(AmqpText.Of(value))) { Form = HeaderForm.Text },
                }
            ),
        ];

    /// <summary>A header of <see cref="Bytes"/> as text. Those that putting aside writes are plain.</summary>
    public static string TextOf(LetterHeader header) =>
        header.Form == HeaderForm.Bytes && !LetterHeaders.IsOurs(header.Name)
            ? AmqpText.OfString((header.Value ?? default).Span)
            : Encoding.UTF8.GetString((header.Value ?? default).Span);

    /// <summary>A value that is expected to be a string, as it is.</summary>
    public static string? Plain(object? value) =>
        value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture);

    /// <summary>UTC; a number beyond the years 1 to 9999, which a publisher may send, as their first or last second.</summary>
    public static DateTime Moment(AmqpTimestamp timestamp) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(timestamp.UnixTime, FirstSecond, LastSecond)).UtcDateTime;

    /// <summary>Decimal digits.</summary>
    public static byte[] Number(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    static void Fit(BasicProperties properties)
    {
        properties.ContentType = ShortText(properties.ContentType);
        properties.ContentEncoding = ShortText(properties.ContentEncoding);
        properties.CorrelationId = ShortText(properties.CorrelationId);
        properties.ReplyTo = ShortText(properties.ReplyTo);
        properties.MessageId = ShortText(properties.MessageId);
        properties.Type = ShortText(properties.Type);
        properties.AppId = ShortText(properties.AppId);
        properties.ClusterId = ShortText(properties.ClusterId);
    }
}
