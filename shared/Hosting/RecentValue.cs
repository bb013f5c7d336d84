using System.Diagnostics.CodeAnalysis;

namespace Betting.Hosting;

/// <summary>
/// What the last look at a store found, for a gauge: a replica that is cut off from the store must not go on telling it, because alerts
/// compare the replicas. For any thread.
/// </summary>
/// <param name="limit">How old the look may be; several looks have failed by then.</param>
/// <param name="clock">Measures its age.</param>
/// <typeparam name="T">The value's type.</typeparam>
public sealed class RecentValue<T>(TimeSpan limit, TimeProvider clock)
    where T : notnull
{
    volatile Reading? _last;

    /// <summary>A look has found this value.</summary>
    public void Set(T value) => _last = new Reading(value, clock.GetTimestamp());

    /// <summary>False before the first look, and where the last one is older than the limit.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        if (_last is { } last && clock.GetElapsedTime(last.At) <= limit)
        {
            value = last.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The value, or nothing.</summary>
    public IEnumerable<T> Known => TryGet(out var value) ? [value] : [];

    sealed record Reading(T Value, long At);
}
