using Betting.Local.Capture.Resume;
using Confluent.Kafka;

namespace Betting.Local.Capture.Delivery;

/// <summary>Hands records to Kafka and knows up to which checkpoint all are acknowledged.</summary>
/// <remarks>
/// One thread sends. Not more than <see cref="MostUnderWay"/> records and 64 MiB are under way; beyond that sending waits, and with
/// it the reading of WAL, so a Kafka that is away costs no memory. Records wait for Kafka without limit in time.
/// </remarks>
public sealed class Outbox : IDisposable
{
    const int MostUnderWay = 100_000;
    const int SegmentSize = 1000;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    readonly IProducer<byte[]?, byte[]?> _producer;
    readonly CaptureStatus _status;
    readonly TimeProvider _time;
    readonly Queue<Segment> _closed = [];
    Segment _segment;
    Error? _fault;
    int _underWay;

    public Outbox(string bootstrap, CaptureStatus status, TimeProvider time, Action<LogMessage> log)
    {
        (_status, _time) = (status, time);
        var config = new ProducerConfig
        {
            BootstrapServers = bootstrap,
            ClientId = "local-capture",
            Acks = Acks.All,
            EnableIdempotence = true, // keeps the order of a key across retries
            MessageTimeoutMs = 0,
            LingerMs = 20,
            CompressionType = CompressionType.Lz4,
            Partitioner = Partitioner.Murmur2Random, // a key's partition as Kafka's own clients choose it
            QueueBufferingMaxMessages = MostUnderWay * 2,
            QueueBufferingMaxKbytes = 64 * 1024,
            MessageMaxBytes = 16 * 1024 * 1024,
            ReconnectBackoffMaxMs = 1000,
            DeliveryReportFields = "none",
        };
        _producer = new ProducerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => NoteError(error))
            .SetLogHandler((_, message) => log(message))
            .Build();
        _segment = new Segment(Delivered);
    }

    /// <summary>Records handed over and not acknowledged.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Records since the last checkpoint was marked.</summary>
    public bool HasUnmarked => _segment.Records > 0;

    /// <summary>Hands a record over. Waits while too many are under way.</summary>
    /// <exception cref="CaptureFaultException">Kafka has refused a record for good; start again from the last checkpoint.</exception>
    public async ValueTask SendAsync(string topic, byte[]? key, byte[]? value, Headers headers, CancellationToken stop)
    {
        while (UnderWay >= MostUnderWay)
            await WaitAsync(stop);
        var message = new Message<byte[]?, byte[]?>
        {
            Key = key,
            Value = value,
            Headers = headers,
        };
        while (true)
        {
            ThrowIfFaulted();
            _segment.Add();
            Interlocked.Increment(ref _underWay);
            try
            {
                _producer.Produce(topic, message, _segment.Handler);
                _status.Sent(topic);
                return;
            }
            catch (ProduceException<byte[]?, byte[]?> refused) when (refused.Error.Code == ErrorCode.Local_QueueFull)
            {
                _segment.Remove();
                Interlocked.Decrement(ref _underWay);
            }
            await WaitAsync(stop);
        }
    }

    /// <summary>Says that everything sent so far is what <paramref name="checkpoint"/> stands for.</summary>
    /// <param name="now">Whether it must be a checkpoint of its own; otherwise small ones are joined.</param>
    public void Mark(Checkpoint checkpoint, bool now)
    {
        if (!now && _segment.Records < SegmentSize)
            return;
        _segment.Close(checkpoint);
        _closed.Enqueue(_segment);
        _segment = new Segment(Delivered);
    }

    /// <returns>The last checkpoint that has been reached since this was asked before, or null.</returns>
    /// <exception cref="CaptureFaultException">As <see cref="SendAsync"/>.</exception>
    public Checkpoint? Reached()
    {
        ThrowIfFaulted();
        Checkpoint? reached = null;
        while (_closed.TryPeek(out var first) && first.IsDelivered)
            reached = _closed.Dequeue().Checkpoint;
        return reached;
    }

    /// <summary>Waits until everything marked is acknowledged.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        while (UnderWay > 0)
        {
            ThrowIfFaulted();
            await WaitAsync(stop);
        }
        ThrowIfFaulted();
    }

    public void Dispose() => _producer.Dispose();

    Task WaitAsync(CancellationToken stop) => Task.Delay(Pause, _time, stop);

    void Delivered(DeliveryReport<byte[]?, byte[]?> report)
    {
        Interlocked.Decrement(ref _underWay);
        if (report.Error.IsError)
            Interlocked.CompareExchange(ref _fault, report.Error, null);
    }

    void NoteError(Error error)
    {
        if (error.IsFatal)
            Interlocked.CompareExchange(ref _fault, error, null);
        _status.KafkaError(error.Code.ToString());
    }

    void ThrowIfFaulted()
    {
        if (_fault is { } fault)
            throw new CaptureFaultException($"Kafka refused a record: {fault.Code} {fault.Reason}");
    }
}
