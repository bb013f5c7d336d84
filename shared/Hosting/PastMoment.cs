using System.Globalization;

namespace Betting.Hosting;

/// <summary>A moment of the past as arguments of verbs give it: a date and time, or a time before now.</summary>
public static class PastMoment
{
    /// <summary>The forms, for messages.</summary>
    public const string Forms = "a moment since 1970 (2026-11-22T12:00:00Z) or a time ago (90m, 2h, 3d, at most 36500d)";

    static readonly TimeSpan Most = TimeSpan.FromDays(36_500);

    /// <summary>Reads either form. A time ago that reaches beyond 1970 is 1970: Kafka's and PostgreSQL's records are younger.</summary>
    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset moment)
    {
        if (TryAgo(text, out var ago))
        {
            moment = now - ago is var then && then > DateTimeOffset.UnixEpoch ? then : DateTimeOffset.UnixEpoch;
            return true;
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out moment)
            && moment >= DateTimeOffset.UnixEpoch;
    }

    /// <summary>Reads a number of seconds, minutes, hours or days, such as <c>90m</c> or <c>1.5h</c>; false beyond 36,500 days.</summary>
    public static bool TryAgo(string text, out TimeSpan ago)
    {
        ago = default;
        if (
            text.Length < 2
            || !decimal.TryParse(
                text.AsSpan(0, text.Length - 1),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var count
            )
        )
        {
            return false;
        }
        var seconds = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => 0,
        };
        // Compared before it is multiplied: a decimal overflows too.
        if (seconds == 0 || count > (decimal)Most.TotalSeconds / seconds)
        {
            return false;
        }
        ago = TimeSpan.FromSeconds((double)(count * seconds));
        return true;
    }
}
