using Betting.Ingest.Decide;

namespace Betting.Ingest.Doors;

/// <summary>What became of a message: what a reply tells.</summary>
/// <param name="CommandId">The command's id; null where it is no command.</param>
/// <param name="Outcome">A word of <see cref="OutcomeText"/>, or <see cref="DeadLetter"/>.</param>
/// <param name="Reason">A code of <see cref="Reasons"/>; of a dead letter what is wrong, in words.</param>
/// <param name="Field">Of a dead letter: the field that is wrong.</param>
public sealed record Answer(Guid? CommandId, string Outcome, string? Reason, string? Field = null)
{
    public const string DeadLetter = "dead-letter";

    public static Answer Of(Guid id, Outcome outcome) => new(id, OutcomeText.Of(outcome.Kind), outcome.Reason);
}
