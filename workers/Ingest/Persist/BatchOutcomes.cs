using Betting.Ingest.Decide;
using Betting.Ingest.Messages;

namespace Betting.Ingest.Persist;

/// <summary>One outcome for every command of a batch, repeated ones included.</summary>
sealed class BatchOutcomes
{
    /// <param name="commands">All commands in their order.</param>
    /// <param name="firsts">The first of each id.</param>
    /// <param name="before">Content hashes of ids that the journal had before this batch.</param>
    /// <param name="decision">What was decided for the others.</param>
    public BatchOutcomes(
        IReadOnlyList<HashedCommand> commands,
        IReadOnlyDictionary<Guid, HashedCommand> firsts,
        IReadOnlyDictionary<Guid, byte[]> before,
        BatchDecision decision
    )
    {
        var conflicts = new List<(HashedCommand, byte[])>();
        Outcomes = new Outcome[commands.Count];
        for (var i = 0; i < commands.Count; i++)
        {
            var hashed = commands[i];
            var first = firsts[hashed.Command.Id];
            var isBefore = before.TryGetValue(hashed.Command.Id, out var hash);
            if (!isBefore && ReferenceEquals(first, hashed))
            {
                Outcomes[i] = decision.Outcomes[hashed.Command.Id];
            }
            else if (hashed.SameContentAs(isBefore ? hash! : first.Hash))
            {
                Outcomes[i] = new Outcome(OutcomeKind.Duplicate);
            }
            else
            {
                Outcomes[i] = new Outcome(OutcomeKind.Conflict);
                conflicts.Add((hashed, isBefore ? hash! : first.Hash));
            }
        }
        Conflicts = conflicts;
    }

    public Outcome[] Outcomes { get; }

    /// <summary>Commands with the id of another one, beside the hash of that one.</summary>
    public IReadOnlyCollection<(HashedCommand Command, byte[] FirstHash)> Conflicts { get; }
}
