namespace Betting.Ingest.Doors;

/// <summary>
/// Puts deliveries back into the order in which the broker sent them. The bus hands each to a thread of its own, so they
/// come here shuffled; the broker numbers those of one consumer from 1 without gaps.
/// </summary>
/// <remarks>Used by one thread. A gap that does not close within <paramref name="patience"/> is passed over: order is worth a wait, not a standstill.</remarks>
public sealed class DeliveryOrder<T>(TimeSpan patience, TimeProvider clock)
{
    readonly SortedDictionary<ulong, T> _early = [];
    string _consumer = "";
    ulong _next = 1;
    long _gapSince;

    /// <summary>How many wait for an earlier one.</summary>
    public int Held => _early.Count;

    /// <summary>Takes one delivery.</summary>
    /// <param name="consumer">The broker's name for the consumer; a new one starts from 1 again.</param>
    /// <param name="number">Its number there.</param>
    /// <param name="delivery">The delivery.</param>
    /// <param name="inOrder">Gets what can go on now, in order.</param>
    public void Add(string consumer, ulong number, T delivery, List<T> inOrder)
    {
        if (consumer != _consumer)
        {
            // The old channel is closed: what it held comes again through the new one, and is harmless now.
            inOrder.AddRange(_early.Values);
            _early.Clear();
            (_consumer, _next) = (consumer, 1);
        }
        if (number < _next)
        {
            inOrder.Add(delivery);
            return;
        }
        if (_early.Count == 0)
        {
            _gapSince = clock.GetTimestamp();
        }
        _early[number] = delivery;
        TakeFollowing(inOrder);
    }

    /// <summary>Passes over a gap that has been open for too long.</summary>
    public void PassOverdue(List<T> inOrder)
    {
        if (_early.Count > 0 && clock.GetElapsedTime(_gapSince) >= patience)
        {
            _next = _early.First().Key;
            TakeFollowing(inOrder);
        }
    }

    /// <summary>Everything that is held, for a door that closes.</summary>
    public IReadOnlyCollection<T> TakeAll()
    {
        var held = _early.Values.ToArray();
        _early.Clear();
        return held;
    }

    void TakeFollowing(List<T> inOrder)
    {
        var before = _next;
        while (_early.Remove(_next, out var delivery))
        {
            inOrder.Add(delivery);
            _next++;
        }
        if (_next != before)
        {
            _gapSince = clock.GetTimestamp();
        }
    }
}
