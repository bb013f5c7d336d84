using System.Text;
using Betting.Contracts;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Decode;

/// <summary>
/// Which addresses get an answer. An answer goes through the default exchange only, so to one queue by its name and through no
/// binding; and only to names that are made for answers, so that a publisher cannot have Ingest write into anybody's queue.
/// </summary>
public sealed class ReplyRules(IOptions<IngestOptions> options, IngestMetrics metrics)
{
    // Bytes: an AMQP short string holds no more.
    const int LongestName = 255;

    readonly string[] _allowed = options.Value.ReplyQueueNames;

    /// <returns>The address, or null where no answer may be sent there.</returns>
    public ReplyAddress? Check(ReplyAddress address)
    {
        if (
            IsSendable(address)
            && address.Queue is not Topics.Commands
            && address.Queue != Topics.DeadLetter(Topics.Commands)
            && Array.Exists(_allowed, pattern => Fits(address.Queue, pattern))
        )
        {
            return address;
        }
        metrics.Reply("refused");
        return null;
    }

    /// <summary>
    /// The queue of a MassTransit address (<c>rabbitmq://host/vhost/NAME?…</c>, <c>exchange:NAME?…</c>, <c>queue:NAME</c>); host and
    /// options are not looked at.
    /// </summary>
    /// <remarks>
    /// MassTransit's response endpoint is an exchange and a queue of one name; through the default exchange the queue is reached by it.
    /// </remarks>
    public static string QueueOf(string address)
    {
        var end = address.AsSpan();
        if (end.IndexOf('?') is >= 0 and var question)
        {
            end = end[..question];
        }
        return Uri.UnescapeDataString(end[(end.LastIndexOfAny('/', ':') + 1)..].ToString());
    }

    // Bytes that were no UTF-8 grow when they are written again, as U+FFFD.
    static bool IsSendable(ReplyAddress address) =>
        Encoding.UTF8.GetByteCount(address.Queue) is > 0 and <= LongestName
        && Encoding.UTF8.GetByteCount(address.CorrelationId ?? "") <= LongestName;

    // A pattern is text in which each * stands for any characters.
    static bool Fits(string name, string pattern)
    {
        var parts = pattern.Split('*');
        if (parts.Length == 1)
        {
            return name == pattern;
        }
        if (!name.StartsWith(parts[0], StringComparison.Ordinal) || !name.EndsWith(parts[^1], StringComparison.Ordinal))
        {
            return false;
        }
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            var found = name.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }
            at = found + part.Length;
        }
        return at <= name.Length - parts[^1].Length;
    }
}
