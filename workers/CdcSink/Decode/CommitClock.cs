using System.Runtime.InteropServices;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.CdcSink.Decode;

/// <summary>
/// Notices that PostgreSQL's clock fell: of two changes of a partition, which come in the order of their commits, the later one has the
/// earlier commit time. Watermarks show it as well, but none are written while the connector is down. For one thread; one for each
/// assignment.
/// </summary>
sealed class CommitClock
{
    /// <summary>Commit times are good to a second anyway, microseconds.</summary>
    const long Margin = 1_000_000;

    readonly Dictionary<(string Topic, int Partition), (StreamPosition Position, ChangeVersion Version, long At)> _last = [];

    /// <summary>The partition begins anew.</summary>
    public void Forget(string topic, int partition) => _last.Remove((topic, partition));

    /// <returns>The jump that ends at this streamed change; null where its time does not precede that of the change before it.</returns>
    public ClockJump? Notice(in StreamRecord record, in DecodedRecord change)
    {
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, (record.Topic, record.Partition), out var isKnown);
        if (isKnown && change.Position <= last.Position)
        {
            // Sent again by a connector that was restarted.
            return null;
        }
        var before = last;
        last = (change.Position, change.Version, change.CommitTime);
        return isKnown && change.CommitTime < before.At - Margin
            ? new ClockJump(change.CommitTime - Margin, before.At + Margin, before.Version, change.Version)
            : null;
    }
}
