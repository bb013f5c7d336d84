namespace Betting.Ingest.RabbitMq;

/// <summary>
/// How long RabbitMQ's queue of commands has not moved although it is not empty, by this replica's own looks. RabbitMQ tells no age of a
/// message that waits: the queue moves when a look finds fewer messages than the one before, or when this replica has received some.
/// </summary>
public sealed class RabbitBacklog(TimeProvider clock)
{
    (uint Depth, long Since)? _standing;

    /// <summary>
    /// True once a look has found the queue moving or empty. Before that nobody knows for how long it had stood when this replica began to
    /// look: what <see cref="Observe"/> returns is the least that it can be.
    /// </summary>
    public bool HasSeenMovement { get; private set; }

    /// <returns>Since when the queue has stood, as a duration; zero while it is empty and at the look that found it moving.</returns>
    /// <param name="depth">Messages that are ready.</param>
    /// <param name="hasReceived">True where this replica has received messages since the last look.</param>
    public TimeSpan Observe(uint depth, bool hasReceived)
    {
        HasSeenMovement |= depth == 0 || hasReceived || depth < _standing?.Depth;
        if (depth == 0)
        {
            _standing = null;
            return TimeSpan.Zero;
        }
        var isMoving = hasReceived || _standing is not { } last || depth < last.Depth;
        var since = isMoving ? clock.GetTimestamp() : _standing!.Value.Since;
        _standing = (depth, since);
        return clock.GetElapsedTime(since);
    }

    /// <summary>Called when the broker does not answer: what was seen before says nothing about now.</summary>
    public void Forget() => (_standing, HasSeenMovement) = (null, false);
}
