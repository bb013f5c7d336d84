namespace Betting.CdcSink.Rewind;

/// <summary>What comes of a rewind for one partition.</summary>
public enum RewindStep
{
    /// <summary>Records are read again.</summary>
    Back,

    /// <summary>Records that were never read are skipped; only where that was asked for.</summary>
    Skip,

    /// <summary>It would skip, and that was not asked for.</summary>
    Refused,

    /// <summary>The group is there already.</summary>
    Nothing,
}

/// <summary>Decides for one partition.</summary>
/// <param name="Offset">Where it is to be read from.</param>
/// <param name="Records">Records that are read again, or skipped.</param>
public readonly record struct RewindPlan(RewindStep Step, long Offset, long Records)
{
    /// <param name="place">The place asked for; beyond the topic's bounds it is the bound.</param>
    /// <param name="low">The first offset that the topic has.</param>
    /// <param name="high">The offset behind its last record.</param>
    /// <param name="stands">Where the group stands, or null where it never read the partition.</param>
    /// <param name="forward">Whether records may be skipped.</param>
    public static RewindPlan Of(long place, long low, long high, long? stands, bool forward)
    {
        var offset = Math.Clamp(place, low, high);
        // A group that never was here reads from wherever it is sent; what lies before that is skipped.
        var at = Math.Min(stands ?? low, high);
        return offset.CompareTo(at) switch
        {
            < 0 => new(RewindStep.Back, offset, at - offset),
            0 => new(RewindStep.Nothing, offset, 0),
            _ => new(forward ? RewindStep.Skip : RewindStep.Refused, offset, offset - at),
        };
    }
}
