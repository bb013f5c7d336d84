namespace Betting.DeadLetters;

/// <summary>Which letters a command has met, in whichever store, and which of them it has ended.</summary>
public sealed class SeenLetters
{
    readonly Dictionary<LetterKey, bool> _ended = [];

    // A copy in another store is left out as well.
    readonly HashSet<LetterKey> _beyondLimit = [];

    internal void LeaveOut(LetterKey letter) => _beyondLimit.Add(letter);

    internal bool IsBeyondLimit(LetterKey letter) => _beyondLimit.Contains(letter);

    internal void Add(LetterKey letter) => _ended.Add(letter, false);

    internal void End(LetterKey letter, bool hasEnded) => _ended[letter] = hasEnded;

    internal bool Has(LetterKey letter) => _ended.ContainsKey(letter);

    internal bool HasEnded(LetterKey letter) => _ended[letter];
}

/// <summary>A letter and its copies.</summary>
/// <param name="Id">Names the letter for people.</param>
/// <param name="Content">See <see cref="LetterIdentity"/>.</param>
/// <param name="Replays">How often it was sent back: one that comes again while the command runs is another letter.</param>
/// <param name="IsReplayable">False where it cannot be sent back: it has no copies that can.</param>
readonly record struct LetterKey(string Id, Int128 Content, int Replays, bool IsReplayable);
