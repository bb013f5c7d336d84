namespace Betting.BetCommands;

/// <summary>What became of a command.</summary>
/// <param name="Id">The command's id; null where none could be read.</param>
/// <param name="Outcome">One of the constants.</param>
/// <param name="Reason">
/// Why it was rejected, or what it will be rejected with if what it waits for never comes: a code of the contract.
/// </param>
/// <param name="Field">Of a dead letter: the field that is wrong.</param>
/// <param name="Duplicate">True where the command came before; the outcome is the first one's.</param>
public sealed record CommandOutcome(Guid? Id, string Outcome, string? Reason, string? Field, bool Duplicate)
{
    public const string Accepted = "accepted",
        Rejected = "rejected",
        Parked = "parked",
        Conflict = "conflict",
        DeadLetter = "dead-letter";

    /// <summary>It had its effect.</summary>
    public bool IsAccepted => Outcome == Accepted;

    /// <summary>It waits for a user, an event or a bet, and has no final outcome yet; sent again later, it is told.</summary>
    public bool IsParked => Outcome == Parked;

    /// <summary>Of a parked command: <c>user</c>, <c>event</c> or <c>bet</c>.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>The id of what it waits for.</summary>
    public long? WaitsForId { get; init; }

    /// <summary>When it is rejected if that has not come.</summary>
    public DateTimeOffset? Until { get; init; }
}
