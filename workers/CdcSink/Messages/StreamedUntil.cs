using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>The latest commit time and the highest version of streamed changes by table and epoch.</summary>
public sealed class StreamedUntil
{
    const int Epochs = ChangeVersion.MaxEpoch + 1;

    // An array and no dictionary: every record is noted.
    readonly (long CommittedAt, ulong Version)[] _noted = new (long, ulong)[Epochs * ((int)SourceTable.Bets + 1)];

    /// <param name="table">The table of a streamed change.</param>
    /// <param name="version">Its version.</param>
    /// <param name="committedAt">When it was committed, microseconds since 1970 UTC; above 0.</param>
    public void Note(SourceTable table, ChangeVersion version, long committedAt)
    {
        ref var noted = ref _noted[((int)table * Epochs) + version.Epoch];
        noted = (Math.Max(noted.CommittedAt, committedAt), Math.Max(noted.Version, version.Value));
    }

    /// <summary>Each epoch of each table that was noted.</summary>
    public IEnumerable<StreamedEpoch> All =>
        from at in Enumerable.Range(0, _noted.Length)
        let noted = _noted[at]
        where noted.CommittedAt > 0
        select new StreamedEpoch((SourceTable)(at / Epochs), at % Epochs, noted.CommittedAt, new ChangeVersion(noted.Version));
}

/// <summary>The streamed changes of a table in an epoch.</summary>
/// <param name="Table">The table.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="CommittedAt">When the latest was committed, microseconds since 1970 UTC.</param>
/// <param name="Version">The highest version.</param>
public readonly record struct StreamedEpoch(SourceTable Table, int Epoch, long CommittedAt, ChangeVersion Version);
