using System.Globalization;

namespace Betting.DeadLetters;

/// <summary>Names of the headers that a replay adds.</summary>
public static class LetterHeaders
{
    /// <summary>How often a message was sent back from the dead letters; decimal text, on the message and on its next dead letter.</summary>
    public const string Replays = "dead-letter-replays";

    /// <summary>On a record of a dead-letter topic: the offset, in the same partition, of the letter that is done with.</summary>
    public const string Handled = "dead-letter-handled";

    /// <summary>Beside it: <c>replayed</c> or <c>dropped</c>.</summary>
    public const string HandledHow = "dead-letter-handled-how";

    /// <summary>True for everything that putting aside, not the publisher, has written.</summary>
    public static bool IsOurs(string name) =>
        name.StartsWith("dead-letter-", StringComparison.Ordinal) || name.StartsWith("dead-letter.", StringComparison.Ordinal);

    public static int ReplaysOf(IEnumerable<KeyValuePair<string, string>> headers) =>
        headers.LastOrDefault(header => header.Key == Replays).Value is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var times) ? times : 0;
}
