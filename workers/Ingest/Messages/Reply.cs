using Betting.Ingest.Decide;

namespace Betting.Ingest.Messages;

/// <summary>What became of a message: what a reply tells.</summary>
/// <param name="CommandId">The command's id; null where none could be read.</param>
/// <param name="Outcome">A word of <see cref="OutcomeText"/>, or <see cref="DeadLetter"/>.</param>
/// <param name="Reason">A code of <see cref="Reasons"/>; of a dead letter what is wrong, in words.</param>
/// <param name="Field">Of a dead letter: the field that is wrong.</param>
public sealed record Reply(Guid? CommandId, string Outcome, string? Reason, string? Field = null)
{
    public const string DeadLetter = "dead-letter";

    /// <summary>Of a parked command: what it waits for. Every other answer is final.</summary>
    public Waiting? Waits { get; init; }

    public static Reply Of(Guid id, Outcome outcome) =>
        new(id, OutcomeText.Of(outcome.Kind), outcome.Reason)
        {
            Waits = outcome is { Kind: OutcomeKind.Parked, Until: { } until }
                ? new Waiting(WaitForText.Of(outcome.Wait.For), outcome.Wait.Id, until)
                : null,
        };
}

/// <summary>What a parked command waits for.</summary>
/// <param name="For"><c>user</c>, <c>event</c> or <c>bet</c>.</param>
/// <param name="Id">Its id.</param>
/// <param name="Until">When the command is rejected if that has not come, UTC.</param>
public sealed record Waiting(string For, long Id, DateTime Until);
