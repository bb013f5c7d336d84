using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;
using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>
/// Where in the log the commit times of a batch lie: for each second of commit times, the lowest and the highest commit that its
/// transactions followed. Rows of <c>commit_seconds</c>, from which ClickHouse finds jumps of PostgreSQL's clock for which no watermark
/// came.
/// </summary>
/// <remarks>
/// The position of a change is that of its row in the log, which a long transaction writes long before it commits. The last commit before
/// the transaction, <see cref="StreamPosition.CommitLsn"/>, is in the order of commits. ClickHouse merges the rows of a second, so records
/// that come again change nothing.
/// </remarks>
public sealed class CommitSeconds
{
    const long Second = 1_000_000;

    readonly Dictionary<(int Epoch, long Second), Places> _places = [];

    record struct Places(ulong First, ulong Last);

    /// <summary>Adds a streamed change; nothing where its record does not name the commit before it.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="committedAt">Its commit time, microseconds since 1970 UTC.</param>
    public void Note(in StreamPosition position, long committedAt)
    {
        if (position.CommitLsn is 0 or > ChangeVersion.MaxLsn || committedAt is < 0 or > PostgresTime.LatestShown)
        {
            return;
        }
        ref var places = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _places,
            (position.Epoch, committedAt / Second * Second),
            out var isKnown
        );
        places = isKnown
            ? new Places(Math.Min(places.First, position.CommitLsn), Math.Max(places.Last, position.CommitLsn))
            : new Places(position.CommitLsn, position.CommitLsn);
    }

    /// <summary>The rows of <c>commit_seconds</c>; the caller disposes of them.</summary>
    public NativeRows ToRows()
    {
        var rows = new NativeRows([
            Column.UInt8("epoch"),
            Column.Time("second"),
            Column.UInt64("first_after"),
            Column.UInt64("last_after"),
        ]);
        foreach (var ((epoch, second), places) in _places)
        {
            rows.WriteUInt8((byte)epoch);
            rows.WriteInt64(second);
            rows.WriteUInt64(ChangeVersion.Of(epoch, streamed: true, places.First).Value);
            rows.WriteUInt64(ChangeVersion.Of(epoch, streamed: true, places.Last).Value);
            rows.EndRow();
        }
        return rows;
    }
}
