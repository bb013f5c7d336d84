using Betting.Ingest.Claim;
using Betting.Ingest.Decide;
using Betting.Ingest.Load;
using Betting.Ingest.Messages;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Persist;

/// <summary>
/// The statements of a batch's transaction, one list a round trip. The bench runs these very lists without a worker around
/// them, to know what PostgreSQL alone would take.
/// </summary>
static class BatchStatements
{
    /// <summary>Takes the ids in the journal.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Take(IReadOnlyCollection<HashedCommand> firsts) => [Journal.Take(firsts)];

    /// <summary>
    /// Looks whether something is being released; locks and reads the parked commands that may be released now; reads the
    /// contents of ids that were there before, the others being <paramref name="fresh"/>.
    /// </summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Before(
        IReadOnlyCollection<HashedCommand> firsts,
        IReadOnlySet<Guid> fresh,
        int mostParked
    )
    {
        var brought = firsts.Select(first => WaitKey.BroughtBy(first.Command)).OfType<WaitKey>().ToHashSet();
        NpgsqlBatchCommand[] parked = [OpenReleases.Any(), ParkedCommands.Load(brought, mostParked)];
        var known = fresh.Count == firsts.Count ? [] : firsts.Select(first => first.Command.Id).Where(id => !fresh.Contains(id)).ToArray();
        return known.Length == 0 ? parked : [.. parked, Journal.Hashes(known)];
    }

    /// <summary>Locks and reads what is touched.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Load(Touched touched) => StateLoader.Statements(touched);

    /// <summary>Writes what was decided.</summary>
    public static IReadOnlyList<SavedRows> Save(State state, BatchDecision decision, IReadOnlyCollection<(HashedCommand, byte[])> conflicts)
    {
        (Guid, Outcome)[] notAccepted =
        [
            .. decision.Outcomes.Where(row => row.Value.Kind != OutcomeKind.Accepted).Select(row => (row.Key, row.Value)),
            .. decision.Released.Select(row => (row.Command.Id, row.Outcome)),
            .. decision.ParkedAgain.Select(waiting => (waiting.Command.Id, Outcome.Waits(waiting.Wait))),
        ];
        return
        [
            .. StateSaver.Statements(state),
            .. StateSaver.Statements(decision.Ledger),
            .. SavedRows.Of(notAccepted, Journal.Outcomes),
            .. SavedRows.Of(conflicts, Journal.Conflicts, mayLeaveOut: true),
            .. SavedRows.Of(decision.ParkedNow, ParkedCommands.Save),
            .. SavedRows.Of(decision.Released, released => ParkedCommands.Remove(released.Select(row => row.Command.Id))),
        ];
    }

    /// <summary>Ends a transaction that has written, through the gate.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Commit(BatchDecision decision) => DurableTransaction.Ending(Pass(decision));

    /// <summary>Passes the gate, in the round trip of the commit.</summary>
    /// <param name="decision">What was decided.</param>
    /// <param name="cameAt">Since when that is there whose release is left to others.</param>
    /// <param name="releasing">This transaction is part of a release.</param>
    public static IReadOnlyList<NpgsqlBatchCommand> Pass(BatchDecision decision, DateTime? cameAt = null, bool releasing = false) =>
        ParkingGate.Pass(decision.Brought, decision.ParkedNow.ConvertAll(parked => parked.Wait), decision.Opened, cameAt, releasing);
}
