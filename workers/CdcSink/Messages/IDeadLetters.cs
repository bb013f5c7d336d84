namespace Betting.CdcSink.Messages;

/// <summary>Where records go that cannot be used.</summary>
public interface IDeadLetters
{
    /// <summary>True while Kafka is waited for. For any thread.</summary>
    bool WaitsForKafka => false;

    /// <summary>Returns when all of them are kept durably.</summary>
    Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation);
}
