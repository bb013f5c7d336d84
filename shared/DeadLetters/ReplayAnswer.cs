namespace Betting.DeadLetters;

/// <summary>What became of one letter that was sent back.</summary>
public sealed record ReplayAnswer
{
    ReplayAnswer(string? refusal, Exception? failure) => (Refusal, Failure) = (refusal, failure);

    /// <summary>The broker has the original durably.</summary>
    public static ReplayAnswer Sent { get; } = new(null, null);

    /// <summary>Why the broker does not take this letter; null where it took it, or where its answer is not known.</summary>
    public string? Refusal { get; }

    /// <summary>The client's exception; null where the letter was sent.</summary>
    public Exception? Failure { get; }

    /// <summary>True where the broker has the original durably.</summary>
    public bool IsSent => Failure is null;

    /// <summary>
    /// True where the answer is not known: the broker is away or refuses access, or the letter was not tried after such a failure.
    /// </summary>
    public bool IsUnknown => Failure is not null && Refusal is null;

    /// <summary>The broker refuses this letter; another one can be taken.</summary>
    public static ReplayAnswer Refused(string why, Exception failure) => new(why, failure);

    /// <summary>Whether the broker has the letter is not known.</summary>
    public static ReplayAnswer Unknown(Exception failure) => new(null, failure);
}
