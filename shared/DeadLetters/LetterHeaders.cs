using System.Globalization;

namespace Betting.DeadLetters;

/// <summary>Names of the headers that putting aside and replaying add.</summary>
public static class LetterHeaders
{
    /// <summary>Begins the names that a shortened letter adds.</summary>
    public const string Prefix = "dead-letter.";

    /// <summary>
    /// On a shortened letter: which parts are not whole, of <c>key</c>, <c>headers</c> and <c>body</c>, separated by commas.
    /// </summary>
    public const string Truncated = Prefix + "truncated";

    /// <summary>
    /// On a shortened letter: the SHA-256 of the whole body in hexadecimal digits. Also <c>dead-letter.key-sha256</c>, where the key is
    /// cut.
    /// </summary>
    public const string Sha256 = Prefix + "sha256";

    /// <summary>
    /// On a shortened letter: the bytes of the whole body in decimal digits. Also <c>dead-letter.key-size</c>, where the key is cut.
    /// </summary>
    public const string Size = Prefix + "size";

    /// <summary>Where headers were left out: their bytes on the wire in decimal digits.</summary>
    public const string HeadersSize = Prefix + "headers-size";

    /// <summary>Where headers were left out: the SHA-256 of those bytes in hexadecimal digits.</summary>
    public const string HeadersSha256 = Prefix + "headers-sha256";

    /// <summary>Where headers were left out: the first of those bytes in Base64.</summary>
    public const string HeadersBytes = Prefix + "headers-bytes";

    /// <summary>Where headers of a Kafka record were left out: how many the record has, in decimal digits.</summary>
    public const string HeadersCount = Prefix + "headers-count";

    /// <summary>
    /// How often a message was sent back from the dead letters; decimal text, on the message and on its next dead letter.
    /// </summary>
    public const string Replays = "dead-letter-replays";

    /// <summary>On a record of a dead-letter topic: the offset, in the same partition, of the letter that is done with.</summary>
    public const string Handled = "dead-letter-handled";

    /// <summary>Beside it: <c>replayed</c> or <c>dropped</c>.</summary>
    public const string HandledHow = "dead-letter-handled-how";

    // Every name that a worker or a verb writes.
    static readonly HashSet<string> Written =
    [
        Truncated,
        Sha256,
        Size,
        HeadersSize,
        HeadersSha256,
        HeadersBytes,
        HeadersCount,
        Prefix + "key-sha256",
        Prefix + "key-size",
        Replays,
        Handled,
        HandledHow,
        "dead-letter-handled-at",
        "dead-letter.reason",
        "dead-letter.field",
        "dead-letter.topic",
        "dead-letter.partition",
        "dead-letter.offset",
        "dead-letter.timestamp",
        "dead-letter-reason",
        "dead-letter-field",
        "dead-letter-from",
        "dead-letter-at",
    ];

    /// <summary>True for a name that putting aside or replaying writes.</summary>
    public static bool IsWritten(string name) => Written.Contains(name);

    /// <summary>True for everything that putting aside, not the publisher, has written.</summary>
    public static bool IsOurs(string name) =>
        name.StartsWith("dead-letter-", StringComparison.Ordinal) || name.StartsWith("dead-letter.", StringComparison.Ordinal);

    /// <summary>True for what RabbitMQ writes about its own dead lettering and deliveries.</summary>
    public static bool IsBrokers(string name) =>
        name is "x-death" or "x-delivery-count" or "x-acquired-count"
        || name.StartsWith("x-first-death-", StringComparison.Ordinal)
        || name.StartsWith("x-last-death-", StringComparison.Ordinal);

    public static int ReplaysOf(IEnumerable<KeyValuePair<string, string>> headers) =>
        headers.LastOrDefault(header => header.Key == Replays).Value is { } text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var times)
            ? times
            : 0;

    /// <summary>Why a letter with these headers cannot be sent back as it came; null where it can.</summary>
    public static string? TruncationOf(IEnumerable<KeyValuePair<string, string>> headers) =>
        headers.LastOrDefault(header => header.Key == Truncated).Value is { } parts
            ? $"it was shortened ({parts}); its publisher has the original, or the Kafka topic at its coordinates"
            : null;
}
