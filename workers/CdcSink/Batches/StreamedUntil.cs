using Betting.Debezium;

namespace Betting.CdcSink.Batches;

/// <summary>The latest commit time of streamed changes by table and epoch.</summary>
public sealed class StreamedUntil
{
    const int Epochs = ChangeVersion.MaxEpoch + 1;

    // An array and no dictionary: every record is noted.
    readonly long[] _times = new long[Epochs * ((int)SourceTable.Bets + 1)];

    /// <param name="table">The table of a streamed change.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="committedAt">When it was committed, microseconds since 1970 UTC; above 0.</param>
    public void Note(SourceTable table, int epoch, long committedAt)
    {
        ref var time = ref _times[((int)table * Epochs) + epoch];
        time = Math.Max(time, committedAt);
    }

    /// <summary>Each epoch of each table that was noted.</summary>
    public IEnumerable<(SourceTable Table, int Epoch, long CommittedAt)> All =>
        Enumerable.Range(0, _times.Length).Where(at => _times[at] > 0).Select(at => ((SourceTable)(at / Epochs), at % Epochs, _times[at]));
}
