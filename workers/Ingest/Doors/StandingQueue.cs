namespace Betting.Ingest.Doors;

/// <summary>For how long RabbitMQ's queue has had messages and given none to this replica, while their number did not fall. For one thread.</summary>
/// <remarks>A replica that stands by sees the number fall while the active one works. Another program that consumes the queue makes all replicas stand by.</remarks>
public sealed class StandingQueue(TimeProvider clock)
{
    static readonly TimeSpan ReportAfter = TimeSpan.FromMinutes(1);

    uint _ready;
    long? _since;
    bool _isReported;

    /// <summary>Zero where the queue is empty, where this replica is the active consumer, or where the number of messages has just fallen.</summary>
    /// <param name="ready">Messages that wait in the queue.</param>
    /// <param name="isActive">True where RabbitMQ delivers to this replica: what it then does not apply has an age of its own.</param>
    public TimeSpan Look(uint ready, bool isActive)
    {
        if (ready == 0 || isActive || ready < _ready)
        {
            (_since, _isReported) = (null, false);
        }
        _ready = ready;
        if (ready == 0 || isActive)
        {
            return TimeSpan.Zero;
        }
        return clock.GetElapsedTime(_since ??= clock.GetTimestamp());
    }

    /// <summary>True once, when the queue has stood for a minute.</summary>
    public bool IsToReport(TimeSpan standing)
    {
        var isTime = !_isReported && standing >= ReportAfter;
        _isReported |= isTime;
        return isTime;
    }
}
