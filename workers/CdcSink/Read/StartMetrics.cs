using System.Diagnostics.Metrics;

namespace Betting.CdcSink.Read;

/// <summary>What the meter <c>Betting.CdcSink</c> tells of where partitions begin.</summary>
public sealed class StartMetrics
{
    readonly Gauge<int> _stopped;
    readonly Counter<long> _lost;
    readonly Counter<long> _starts;

    public StartMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Betting.CdcSink");
        _stopped = meter.CreateGauge<int>(
            "cdcsink.partitions.stopped",
            "{partition}",
            "Partitions that are not read, because their next record is gone."
        );
        _lost = meter.CreateCounter<long>("cdcsink.lost_records", "{record}", "Records that were gone before they were read, by topic.");
        _starts = meter.CreateCounter<long>("cdcsink.partition.starts", "{start}", "Beginnings of partitions, by topic and why there.");
        _stopped.Record(0);
    }

    public void Stopped(int partitions) => _stopped.Record(partitions);

    public void Begun(string topic, PartitionStart start)
    {
        _starts.Add(1, new("topic", topic), new("why", start.Kind.ToString()));
        if (start.Lost > 0)
        {
            _lost.Add(start.Lost, new KeyValuePair<string, object?>("topic", topic));
        }
    }
}
