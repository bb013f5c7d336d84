namespace Betting.DeadLetters;

/// <summary>A token that is cancelled some time after another one, so that what has begun can end.</summary>
sealed class LateCancellation : IDisposable
{
    readonly CancellationTokenSource _late;
    readonly CancellationTokenRegistration _registration;

    /// <param name="after">How much later.</param>
    /// <param name="clock">Measures that time.</param>
    /// <param name="cancellation">The other one; where it is cancelled already, the time runs from now.</param>
    public LateCancellation(TimeSpan after, TimeProvider clock, CancellationToken cancellation)
    {
        _late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        _registration = cancellation.Register(() => _late.CancelAfter(after));
    }

    public CancellationToken Token => _late.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _late.Dispose();
    }
}
