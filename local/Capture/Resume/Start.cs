namespace Betting.Local.Capture.Resume;

/// <summary>What PostgreSQL says of the slot.</summary>
/// <param name="Confirmed">How far its reader has confirmed.</param>
/// <param name="Lost">Whether WAL that it needs has been removed.</param>
public sealed record SlotState(ulong Confirmed, bool Lost);

/// <summary>How a run begins: where it left off, or with a new snapshot.</summary>
/// <param name="From">The checkpoint to go on from; null asks for a snapshot.</param>
/// <param name="Reason">Why a snapshot.</param>
/// <param name="GapPossible">
/// Whether changes may have been lost between the last run and the snapshot (deletes are: a snapshot has no rows for them).
/// </param>
public sealed record Start(Checkpoint? From, string Reason, bool GapPossible)
{
    public static Start Decide(Checkpoint? saved, SlotState? slot, string slotName, string systemId) =>
        (saved, slot) switch
        {
            (null, null) => Snapshot("nothing was captured before", false),
            (null, _) => Snapshot($"slot {slotName} is there, but no record of a completed snapshot", true),
            _ when saved.SystemId != systemId => Snapshot(
                "this is another PostgreSQL cluster than the last one: its epoch must be a new one",
                true
            ),
            _ when saved.Slot != slotName => Snapshot($"the last run used slot {saved.Slot}", true),
            (_, null) => Snapshot($"slot {slotName} is gone", true),
            (_, { Lost: true }) => Snapshot($"PostgreSQL has removed WAL that slot {slotName} needed", true),
            _ when slot.Confirmed > saved.Lsn => Snapshot($"somebody else has moved slot {slotName} on", true),
            _ => new Start(saved, "", false),
        };

    static Start Snapshot(string reason, bool gapPossible) => new(null, reason, gapPossible);
}
