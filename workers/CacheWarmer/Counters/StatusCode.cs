using Betting.Contracts;

namespace Betting.CacheWarmer.Counters;

/// <summary>One letter a status, as the counters keep it for every bet.</summary>
static class StatusCode
{
    /// <summary>The bet is gone; what is kept of it is the version that ended it.</summary>
    public const char Gone = '-';

    /// <summary>A status that the contract does not know: counted, so that sums agree, and not published.</summary>
    public const char Unknown = '?';

    static readonly (string Status, char Code)[] Known =
    [
        (BetStatus.Open, 'O'),
        (BetStatus.Settled, 'S'),
        (BetStatus.CashedOut, 'C'),
        (BetStatus.Cancelled, 'X'),
    ];

    public static char Of(string status)
    {
        foreach (var (name, code) in Known)
        {
            if (name == status)
            {
                return code;
            }
        }
        return Unknown;
    }

    public static char Of(ReadOnlySpan<byte> status) =>
        status switch
        {
            _ when status.SequenceEqual("OPEN"u8) => 'O',
            _ when status.SequenceEqual("SETTLED"u8) => 'S',
            _ when status.SequenceEqual("CASHED_OUT"u8) => 'C',
            _ when status.SequenceEqual("CANCELLED"u8) => 'X',
            _ => Unknown,
        };

    /// <summary>The statuses that are published, with their codes.</summary>
    public static IReadOnlyList<(string Status, char Code)> Published => Known;
}
