using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>Ids in ascending order, each once, in pooled memory.</summary>
sealed class AscendingIds : IDisposable
{
    readonly long[] _ids;
    readonly int _count;
    bool _returned;

    AscendingIds(long[] ids, int count) => (_ids, _count) = (ids, count);

    public ReadOnlyMemory<long> Ids => _ids.AsMemory(0, _count);

    public static AscendingIds Of(HashSet<long> set)
    {
        var ids = Pooled.Arrays<long>.Pool.Rent(set.Count);
        set.CopyTo(ids);
        Array.Sort(ids, 0, set.Count);
        return new AscendingIds(ids, set.Count);
    }

    /// <summary>In parts, each as large as the page is at that moment.</summary>
    public IEnumerable<ReadOnlyMemory<long>> Parts(PageSize page)
    {
        for (var start = 0; start < _count; )
        {
            var part = Ids.Slice(start, Math.Min(page.Current, _count - start));
            yield return part;
            start += part.Length;
        }
    }

    public void Dispose()
    {
        if (!_returned)
        {
            _returned = true;
            Pooled.Arrays<long>.Pool.Return(_ids);
        }
    }
}
