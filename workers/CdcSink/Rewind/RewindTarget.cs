using System.Globalization;
using Betting.Hosting;

namespace Betting.CdcSink.Rewind;

/// <summary>How a place in the stream is named.</summary>
public enum RewindKind
{
    Beginning,
    Offset,
    Moment,
    Lsn,
}

/// <summary>The place that <c>--to</c> names.</summary>
/// <param name="Kind">Which of the others counts.</param>
/// <param name="Moment">UTC: the first record that Kafka dates so or later.</param>
/// <param name="Lsn">The first record whose change stands there or later in PostgreSQL's log.</param>
public readonly record struct RewindTarget(RewindKind Kind, long Offset, DateTimeOffset Moment, ulong Lsn)
{
    /// <summary>The spellings, for messages.</summary>
    public const string Forms = $"beginning, an offset (1042), an LSN (0/1F9F478), {PastMoment.Forms}";

    static readonly string[] Moments = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool TryParse(string text, DateTimeOffset now, out RewindTarget target)
    {
        target = default;
        if (text.Equals("beginning", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            target = new(RewindKind.Offset, offset, default, 0);
            return true;
        }
        if (TryLsn(text, out var lsn))
        {
            target = new(RewindKind.Lsn, 0, default, lsn);
            return true;
        }
        // Before 1970 Kafka's timestamps are negative, and some of them mean something else.
        var read = PastMoment.TryAgo(text, out _)
            ? PastMoment.TryParse(text, now, out var moment)
            : DateTimeOffset.TryParseExact(text, Moments, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out moment)
                && moment >= DateTimeOffset.UnixEpoch;
        target = read ? new(RewindKind.Moment, 0, moment, 0) : default;
        return read;
    }

    // As PostgreSQL writes it: two halves of 32 bits in hexadecimal.
    static bool TryLsn(string text, out ulong lsn)
    {
        lsn = 0;
        if (
            text.Split('/') is not [{ Length: > 0 and <= 8 } high, { Length: > 0 and <= 8 } low]
            || !uint.TryParse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var upper)
            || !uint.TryParse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var lower)
        )
        {
            return false;
        }
        lsn = (ulong)upper << 32 | lower;
        return true;
    }
}
