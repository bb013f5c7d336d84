using System.Globalization;
using System.Text;
using Betting.CdcSink.Messages;
using Betting.DeadLetters;
using Betting.Debezium;

namespace Betting.CdcSink.DeadLetters;

/// <summary>
/// A record that cannot be used, in the form of a dead letter: its own key, value and headers, and headers that say why and whence.
/// </summary>
static class LetterForm
{
    public static LetterContent Of(DeadLetter letter)
    {
        var record = letter.Record;
        var headers = Headers(record);
        Add("reason", letter.Reason);
        Add("field", letter.Field ?? "");
        Add("topic", record.Topic);
        Add("partition", record.Partition.ToString(CultureInfo.InvariantCulture));
        Add("offset", record.Offset.ToString(CultureInfo.InvariantCulture));
        Add("timestamp", record.TimestampMs.ToString(CultureInfo.InvariantCulture));
        return new LetterContent(LetterContent.Bytes(record.Key), LetterContent.Bytes(record.Value), headers);

        void Add(string name, string value) => headers.Add(new LetterHeader(LetterHeaders.Prefix + name, Encoding.UTF8.GetBytes(value)));
    }

    /// <summary>The record's own headers; where they were too many to be held, headers that say so.</summary>
    public static List<LetterHeader> Headers(in StreamRecord record)
    {
        // Nobody else's headers can pass for the sink's; how often it was replayed is remembered.
        var headers = record
            .Headers.Where(header => !LetterHeaders.IsOurs(header.Name) || header.Name == LetterHeaders.Replays)
            .Select(header => new LetterHeader(header.Name, LetterContent.Bytes(header.Value)))
            .ToList();
        if (record.HeadersLeftOut > 0)
        {
            headers.Add(new LetterHeader(LetterHeaders.Truncated, "headers"u8.ToArray()));
            headers.Add(
                new LetterHeader(
                    LetterHeaders.HeadersCount,
                    Encoding.UTF8.GetBytes((record.HeadersLeftOut + record.Headers.Count).ToString(CultureInfo.InvariantCulture))
                )
            );
        }
        return headers;
    }
}
