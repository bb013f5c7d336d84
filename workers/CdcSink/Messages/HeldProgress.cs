namespace Betting.CdcSink.Messages;

/// <summary>
/// How far progress may be recorded while large joins run beside the batches: a partition that brought what such a join waits for
/// stays where it stood before that batch, until the join is done; all other partitions go on. Pure; calls in the order of reading.
/// </summary>
public sealed class HeldProgress
{
    readonly Dictionary<(string Topic, int Partition), PartitionPosition> _latest = [];
    readonly List<Hold> _holds = [];

    /// <summary>A join that is not done: where its partitions stood before it; null where nothing of them was done yet.</summary>
    public sealed class Hold
    {
        internal Dictionary<(string Topic, int Partition), PartitionPosition?> Before { get; init; } = [];
    }

    /// <summary>Holds the partitions of a batch whose positions are not yet given to <see cref="Advance"/>.</summary>
    /// <param name="positions">The batch's.</param>
    /// <param name="isHeld">Which of its topics brought what the join waits for.</param>
    public Hold Begin(IEnumerable<PartitionPosition> positions, Func<string, bool> isHeld)
    {
        var hold = new Hold
        {
            Before = positions
                .Where(position => isHeld(position.Topic))
                .ToDictionary(Key, position => _latest.TryGetValue(Key(position), out var known) ? known : (PartitionPosition?)null),
        };
        _holds.Add(hold);
        return hold;
    }

    /// <summary>The batch had its effect, but for what is held.</summary>
    /// <returns>What may be recorded of its partitions.</returns>
    public List<PartitionPosition> Advance(IReadOnlyCollection<PartitionPosition> positions)
    {
        foreach (var position in positions)
        {
            _latest[Key(position)] = position;
        }
        return Allowed(positions.Select(Key));
    }

    /// <summary>The join is done.</summary>
    /// <returns>What may be recorded of what it held.</returns>
    public List<PartitionPosition> End(Hold hold) => _holds.Remove(hold) ? Allowed(hold.Before.Keys) : [];

    /// <summary>Partitions were given away: what is held or known of any of them is nobody's here any more.</summary>
    public void Forget()
    {
        _holds.Clear();
        _latest.Clear();
    }

    List<PartitionPosition> Allowed(IEnumerable<(string Topic, int Partition)> keys)
    {
        var allowed = new List<PartitionPosition>();
        foreach (var key in keys)
        {
            var latest = _latest[key];
            if (_holds.Find(hold => hold.Before.ContainsKey(key)) is not { } first)
            {
                allowed.Add(latest);
            }
            else if (first.Before[key] is { } before)
            {
                // The topic's end is known all the same: the backlog shows what is held.
                allowed.Add(before with { EndOffset = Math.Max(before.EndOffset, latest.EndOffset) });
            }
        }
        return allowed;
    }

    static (string, int) Key(PartitionPosition position) => (position.Topic, position.Partition);
}
