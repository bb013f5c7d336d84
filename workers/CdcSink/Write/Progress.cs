using Betting.CdcSink.Batches;
using Betting.CdcSink.Join;

namespace Betting.CdcSink.Write;

/// <summary>Tells how far the stream has had its effect: in ClickHouse first, then to the group. Never further than that.</summary>
public sealed class Progress(ChangeStore store, RecordedProgress recorded, TimeProvider clock) : IDisposable
{
    readonly SemaphoreSlim _one = new(1, 1);
    readonly HeldProgress _held = new();

    /// <summary>Commits positions to the group; nothing where there is none.</summary>
    public Action<IReadOnlyList<PartitionPosition>> Commit { get; set; } = _ => { };

    /// <summary>Counts assignments of partitions. A batch that was read in a former one records nothing: another replica may own its partitions.</summary>
    public int Assignment { get; private set; }

    /// <summary>Records what a batch reached, in the order of reading. May be repeated.</summary>
    /// <exception cref="ClickHouseWentBackException">ClickHouse lost what this replica recorded before.</exception>
    public async Task RecordAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        if (batch.Positions.Count == 0)
        {
            return;
        }
        await _one.WaitAsync(cancellation);
        try
        {
            if (batch.Assignment != Assignment)
            {
                return;
            }
            if (batch.Beside is { Hold: null } large)
            {
                large.Hold = _held.Begin(batch.Positions, large.Topics.Contains);
            }
            await WriteAsync(_held.Advance(batch.Positions), cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Records what was held for a join that is done now.</summary>
    public async Task EndAsync(LargeJoin large, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            await WriteAsync(large.Hold is { } hold ? _held.End(hold) : [], cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Partitions were given away: their next owner reads again what is not recorded.</summary>
    public void Forget()
    {
        _one.Wait();
        Assignment++;
        _held.Forget();
        recorded.Forget();
        _one.Release();
    }

    public void Dispose() => _one.Dispose();

    async Task WriteAsync(List<PartitionPosition> positions, CancellationToken cancellation)
    {
        if (positions.Count == 0)
        {
            return;
        }
        await recorded.EnsureKeptAsync(positions, cancellation);
        using var rows = ProgressRows.Of(positions, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        await store.InsertAsync("sink_progress", rows, cancellation);
        recorded.Add(positions);
        Commit(positions);
    }
}
