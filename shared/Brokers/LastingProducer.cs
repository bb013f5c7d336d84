using Confluent.Kafka;

namespace Betting.Brokers;

/// <summary>
/// A producer that lives as long as its process. librdkafka makes an idempotent producer unusable after some answers of a broker, for
/// instance of one that has lost records of it: then the next message goes through a new one.
/// </summary>
/// <param name="build">Builds a producer, for the first message and after a fatal error; the argument is its error handler.</param>
public sealed class LastingProducer(Func<Action<IProducer<byte[]?, byte[]?>, Error>, IProducer<byte[]?, byte[]?>> build) : IDisposable
{
    // Between two producers: what makes one unusable may last.
    static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    ProducerUse? _use;
    long? _built;
    bool _isDisposed;

    /// <summary>
    /// The producer of now. Messages whose order matters go through one: through the next one they would come without those that failed
    /// before.
    /// </summary>
    public async Task<ProducerUse> NowAsync(CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan wait;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (_use is not null)
                {
                    return _use;
                }
                wait = _built is { } built ? Pace - TimeProvider.System.GetElapsedTime(built) : TimeSpan.Zero;
                if (wait <= TimeSpan.Zero)
                {
                    _built = TimeProvider.System.GetTimestamp();
                    return _use = new ProducerUse(build(Leave));
                }
            }
            await Task.Delay(wait, TimeProvider.System, cancellation);
        }
    }

    public void Dispose()
    {
        ProducerUse? last;
        lock (_gate)
        {
            _isDisposed = true;
            (last, _use) = (_use, null);
        }
        // Outside: it waits for the thread on which errors come.
        last?.Dispose();
    }

    // On a thread of the client's, before the messages on their way are answered.
    void Leave(IProducer<byte[]?, byte[]?> producer, Error error)
    {
        if (!error.IsFatal)
        {
            return;
        }
        lock (_gate)
        {
            if (_use is not { } use || !use.Is(producer))
            {
                return;
            }
            _use = null;
            _ = Task.Run(use.End);
        }
    }
}
