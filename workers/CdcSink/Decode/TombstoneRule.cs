using Betting.DeadLetters;
using Betting.Debezium;

namespace Betting.CdcSink.Decode;

/// <summary>
/// A tombstone repeats the delete directly before it and is skipped. One that repeats none is the only sign of a delete, without
/// a version, as a flattening transform with <c>delete.tombstone.handling.mode=tombstone</c> writes it: it must not pass silently.
/// </summary>
/// <remarks>At the first record of a partition that begins it gives the benefit of the doubt, since the delete may
/// have been the last record before. A record that was sent back from the dead letters stands wherever the topic ended then, also
/// between a delete and its tombstone: it is passed over, and a tombstone that was found alone before is alone still.</remarks>
public sealed class TombstoneRule
{
    readonly Dictionary<(string Topic, int Partition), long?> _lastDeleted = [];

    // The partition read last, if its last record was no delete: that is so for nearly every record, and comparing is cheaper than looking
    // up.
    (string? Topic, int Partition) _calm;

    /// <summary>The partition begins anew.</summary>
    public void Forget(string topic, int partition)
    {
        _lastDeleted.Remove((topic, partition));
        _calm = default;
    }

    /// <summary>To be called with every record in the order of its partition.</summary>
    /// <returns>True for a tombstone that repeats no delete.</returns>
    public bool IsAlone(in StreamRecord record, in DecodedRecord decoded)
    {
        if (WasSentBack(record))
        {
            return decoded.Kind == RecordKind.Tombstone;
        }
        var partition = (record.Topic, record.Partition);
        var isTombstone = decoded.Kind == RecordKind.Tombstone;
        var isCalm = !isTombstone && decoded is not { Kind: RecordKind.RowChange, Operation: Operation.Delete };
        if (isCalm && _calm == partition)
        {
            return false;
        }
        _calm = isCalm ? partition : default;
        if (!isTombstone)
        {
            _lastDeleted[partition] = isCalm ? null : decoded.Id;
            return false;
        }
        var alone = _lastDeleted.TryGetValue(partition, out var deleted) && deleted != decoded.Id;
        _lastDeleted[partition] = decoded.Id;
        return alone;
    }

    static bool WasSentBack(in StreamRecord record)
    {
        for (var i = 0; i < record.Headers.Count; i++)
        {
            if (record.Headers[i].Name == LetterHeaders.Replays)
            {
                return true;
            }
        }
        return false;
    }
}
