using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>A state for each of some ids, in pooled memory.</summary>
/// <param name="ids">Ascending, each once.</param>
/// <param name="shared">Where texts are kept that others use as well; null for an arena of its own.</param>
sealed class ById<T>(ReadOnlyMemory<long> ids, TextArena? shared = null) : IDisposable
    where T : struct
{
    readonly T[] _states = Pooled.Arrays<T>.Pool.Rent(ids.Length);
    int _last = -1;

    public ReadOnlyMemory<long> Ids => ids;

    /// <summary>The texts of the states.</summary>
    public TextArena Texts { get; } = shared ?? new();

    public ref T this[int index] => ref _states[index];

    /// <returns>Where the id is; negative where it is none of them.</returns>
    public int Find(long id)
    {
        var all = ids.Span;
        // Rows come in the order of ids for the most part, several of an id one after the other.
        if (_last >= 0 && all[_last] == id)
        {
            return _last;
        }
        var found = _last + 1 < all.Length && all[_last + 1] == id ? _last + 1 : all.BinarySearch(id);
        _last = found >= 0 ? found : _last;
        return found;
    }

    // Whoever rents it next finds it as if it were new.
    public void Dispose()
    {
        Array.Clear(_states, 0, ids.Length);
        Pooled.Arrays<T>.Pool.Return(_states);
        if (shared is null)
        {
            Texts.Dispose();
        }
    }
}
