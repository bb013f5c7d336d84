using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Commit;

/// <summary>Tells how far the stream has had its effect: in ClickHouse first, then to the group. Never further than that.</summary>
public sealed class Progress(ChangeStore store, RecordedProgress recorded, TimeProvider clock) : IDisposable
{
    // One at a time asks and writes; apart from the state, so that a ClickHouse that does not answer never holds up a rebalance.
    readonly SemaphoreSlim _one = new(1, 1);
    readonly Lock _gate = new();
    readonly HeldProgress _held = new();
    volatile Assignment _assignment = new(clock);

    // Offsets of records that were put aside, by partition, as far as they may be the last change of a position to come.
    readonly Dictionary<(string Topic, int Partition), HashSet<long>> _putAside = [];

    volatile bool _isCommitting;

    /// <summary>True while positions are committed to the group, which waits for a broker. For any thread.</summary>
    public bool IsCommitting => _isCommitting;

    /// <summary>Commits positions to the group; nothing where there is none.</summary>
    public Action<IReadOnlyList<PartitionPosition>> Commit { get; set; } = _ => { };

    /// <summary>
    /// The assignment of partitions that lasts. A batch that was read in a former one records nothing: another replica may own its
    /// partitions.
    /// </summary>
    public Assignment Assignment => _assignment;

    /// <summary>
    /// Of these records ClickHouse has nothing, so none of them is a partition's last change. To be told before they are recorded. Records
    /// that could not be decoded are no changes and are not remembered.
    /// </summary>
    public void PutAside(IEnumerable<DeadLetter> letters)
    {
        lock (_gate)
        {
            foreach (var (record, _, _) in letters.Where(letter => letter.Reason == DeadLetter.RefusedByClickHouse))
            {
                if (!_putAside.TryGetValue((record.Topic, record.Partition), out var offsets))
                {
                    _putAside[(record.Topic, record.Partition)] = offsets = [];
                }
                offsets.Add(record.Offset);
            }
        }
    }

    /// <summary>Records what a batch reached, in the order of reading. May be repeated.</summary>
    /// <exception cref="ClickHouseWentBackException">ClickHouse lost what this replica recorded before.</exception>
    public Task RecordAsync(ChangeBatch batch, CancellationToken cancellation) =>
        batch.Positions.Count == 0 ? Task.CompletedTask : OneAtATimeAsync(() => Reached(batch), cancellation);

    /// <summary>Records what was held for a join that is done now.</summary>
    public Task EndAsync(LargeJoin large, CancellationToken cancellation) =>
        OneAtATimeAsync(() => large.Hold is { } hold ? _held.End(hold) : [], cancellation);

    /// <summary>
    /// Partitions were given away: their next owner reads again what is not recorded. Waits for nobody; what is being recorded, and all
    /// else that was read in the assignment, is given up.
    /// </summary>
    public void Forget()
    {
        Assignment former;
        lock (_gate)
        {
            (former, _assignment) = (_assignment, new Assignment(clock));
            _held.Forget();
            _putAside.Clear();
            recorded.Forget();
        }
        former.End();
    }

    public void Dispose()
    {
        _assignment.Dispose();
        _one.Dispose();
    }

    // With the last change that ClickHouse has.
    PartitionPosition Stored(PartitionPosition position)
    {
        if (!_putAside.TryGetValue((position.Topic, position.Partition), out var offsets))
        {
            return position;
        }
        if (offsets.Contains(position.LastChange.Offset))
        {
            return position with { LastChange = recorded.LastChangeOf(position) };
        }
        offsets.RemoveWhere(offset => offset < position.LastChange.Offset);
        return position;
    }

    List<PartitionPosition> Reached(ChangeBatch batch)
    {
        if (batch.Assignment != _assignment)
        {
            return [];
        }
        if (batch.DeferredJoin is { Hold: null } large)
        {
            large.Hold = _held.Begin(batch.Positions, large.Topics.Contains);
        }
        return _held.Advance(batch.Positions);
    }

    async Task OneAtATimeAsync(Func<List<PartitionPosition>> reached, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        var assignment = _assignment;
        try
        {
            List<PartitionPosition> positions;
            CancellationToken assigned;
            lock (_gate)
            {
                (positions, assignment, assigned) = ([.. reached().Select(Stored)], _assignment, _assignment.Ended);
            }
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, assigned);
            await WriteAsync(positions, assignment, either.Token);
        }
        catch (Exception) when (assignment != _assignment && !cancellation.IsCancellationRequested)
        {
            // Given up with its partitions.
        }
        finally
        {
            _one.Release();
        }
    }

    async Task WriteAsync(List<PartitionPosition> positions, Assignment assignment, CancellationToken cancellation)
    {
        if (positions.Count == 0)
        {
            return;
        }
        await recorded.EnsureKeptAsync(positions, cancellation);
        using var rows = ProgressRows.Of(positions, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        await store.InsertAsync("sink_progress", rows, cancellation);
        lock (_gate)
        {
            if (assignment != _assignment)
            {
                return;
            }
            recorded.Add(positions);
        }
        _isCommitting = true;
        try
        {
            Commit(positions);
        }
        finally
        {
            _isCommitting = false;
        }
    }
}
