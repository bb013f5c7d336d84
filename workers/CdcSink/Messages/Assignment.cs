namespace Betting.CdcSink.Messages;

/// <summary>
/// One assignment of partitions to this replica. Work on what was read in it ends with it: each partition's next owner reads again what is
/// not recorded.
/// </summary>
public sealed class Assignment : IDisposable
{
    readonly CancellationTokenSource _ended = new();

    public Assignment(TimeProvider clock) => (InHand, Ended) = (new InFlightBatches(clock), _ended.Token);

    /// <summary>Cancelled once the partitions were given away or lost.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Its batches between reading and their effect. Those of another assignment do not count.</summary>
    internal InFlightBatches InHand { get; }

    /// <summary>The partitions were given away or lost. Waits for nobody: what is cancelled ends on other threads.</summary>
    public void End() => _ = EndAsync();

    public void Dispose() => _ended.Dispose();

    async Task EndAsync()
    {
        await _ended.CancelAsync();
        _ended.Dispose();
    }
}
