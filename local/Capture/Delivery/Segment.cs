using Betting.Local.Capture.Resume;
using Confluent.Kafka;

namespace Betting.Local.Capture.Delivery;

/// <summary>Records that share one checkpoint: reached when each of them is acknowledged, and those of all segments before.</summary>
sealed class Segment
{
    int _open = 1; // one for being open, one for each record that is under way

    public Segment(Action<DeliveryReport<byte[]?, byte[]?>> deliver) =>
        Handler = report =>
        {
            deliver(report);
            if (!report.Error.IsError)
                Interlocked.Decrement(ref _open);
        };

    /// <summary>One delegate for all its records: no allocation a record.</summary>
    public Action<DeliveryReport<byte[]?, byte[]?>> Handler { get; }

    public Checkpoint? Checkpoint { get; private set; }

    /// <summary>Whether it is closed and every record acknowledged. A record that failed keeps it from ever being so.</summary>
    public bool IsDelivered => Volatile.Read(ref _open) == 0;

    public int Records { get; private set; }

    public void Add()
    {
        Records++;
        Interlocked.Increment(ref _open);
    }

    /// <summary>Takes back an <see cref="Add"/> whose record could not be handed over.</summary>
    public void Remove()
    {
        Records--;
        Interlocked.Decrement(ref _open);
    }

    public void Close(Checkpoint checkpoint)
    {
        Checkpoint = checkpoint;
        Interlocked.Decrement(ref _open);
    }
}
