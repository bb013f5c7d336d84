namespace Betting.DeadLetters;

/// <summary>A message that was put aside, as it stands in a queue or topic of dead letters.</summary>
public sealed record StoredLetter
{
    /// <summary>
    /// Which letters are one and the same: where the original stood, or what it holds (<see cref="LetterIdentity"/>). Written twice by a
    /// crash, it is still one.
    /// </summary>
    public required string Id { get; init; }

    /// <summary>Where the original came from, such as <c>bet-commands/3@1042</c>.</summary>
    public required string From { get; init; }

    public required string Reason { get; init; }

    /// <summary>The field to blame, or empty.</summary>
    public string Field { get; init; } = "";

    /// <summary>What kind of message it seems to be, or empty where that cannot be read.</summary>
    public string Kind { get; init; } = "";

    /// <summary>When it was put aside, UTC; the least value where that is not known.</summary>
    public DateTime At { get; init; }

    /// <summary>How often it was sent back before.</summary>
    public int Replays { get; init; }

    /// <summary>Why it cannot be sent back, or null where it can.</summary>
    public string? NotReplayable { get; init; }

    /// <summary>The original's key; empty where it has none.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The original's headers as text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What the store needs to find it again.</summary>
    public required object Handle { get; init; }
}

/// <summary>A queue or topic of dead letters. Letters that were replayed or dropped are gone from it.</summary>
public interface IDeadLetterStore : IAsyncDisposable
{
    /// <summary>Such as <c>kafka</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Called before letters are read to be ended, and again before each step. From the first call until the end of the process, or of the
    /// store, nobody else ends letters of this place.
    /// </summary>
    /// <exception cref="LettersInUseException">Somebody else does.</exception>
    Task LockAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Letters in their order, those of this moment; copies of one letter come as they are.</summary>
    IAsyncEnumerable<StoredLetter> ReadAsync(CancellationToken cancellation);

    /// <summary>
    /// Sends letters back to where they came from; returns when the broker has answered, with an answer for each letter, in their order.
    /// It throws only where no letter was sent.
    /// </summary>
    Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation);

    /// <summary>Removes letters, or marks them as done with; returns when that is durable.</summary>
    Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation);
}

/// <summary>How a letter ended.</summary>
public enum LetterEnd
{
    Replayed,
    Dropped,
}
