using Betting.Local.Load.Traffic;

namespace Betting.Local.Load.Doors;

/// <summary>One of the two ways in. A message counts as published when the broker has confirmed it.</summary>
public interface IDoor : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Hands a message over; waits only while too many are unconfirmed.</summary>
    ValueTask PublishAsync(TrafficMessage message, CancellationToken cancellation);

    /// <summary>Waits until the broker has confirmed all of them.</summary>
    Task FlushAsync(CancellationToken cancellation);
}
