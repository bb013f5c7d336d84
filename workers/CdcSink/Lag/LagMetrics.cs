using System.Diagnostics.Metrics;

namespace Betting.CdcSink.Lag;

/// <summary>The lag on the meter <c>Betting.CdcSink</c>, computed whenever somebody asks.</summary>
public sealed class LagMetrics
{
    readonly LagState _state;

    public LagMetrics(IMeterFactory factory, LagState state)
    {
        _state = state;
        var meter = factory.Create("Betting.CdcSink");
        meter.CreateObservableGauge(
            "cdcsink.backlog.records",
            () => _state.Backlogs().Select(each => new Measurement<long>(each.Records, Place(each))),
            "{record}",
            "Records in the topic that are not visible, by topic and partition."
        );
        meter.CreateObservableGauge(
            "cdcsink.backlog.age",
            () => _state.Backlogs().SelectMany(each => One(each.Seconds, Place(each))),
            "s",
            "Since the oldest record that is not visible was written to Kafka; 0 where all are."
        );
        meter.CreateObservableGauge(
            "cdcsink.freshness",
            () => One(_state.Freshness()),
            "s",
            "Since the moment up to which everything committed is visible (data_as_of); +Inf where nothing is known to be."
        );
        meter.CreateObservableGauge(
            "cdcsink.holds",
            () => Number(_state.Holds()),
            "{request}",
            "Requests for a reconciliation that hold data_as_of where it is."
        );
        meter.CreateObservableGauge(
            "cdcsink.partitions.missing",
            () => Number(_state.Missing()),
            "{partition}",
            "Partitions of rows that ClickHouse knows and Kafka does not have."
        );
        meter.CreateObservableGauge(
            "cdcsink.watermark.age",
            () => One(_state.WatermarkAge()),
            "s",
            "Since a watermark came through the stream; +Inf where none did."
        );
        meter.CreateObservableGauge(
            "cdcsink.source.silent",
            () => One(_state.SourceSilent()),
            "s",
            "Since the connector last wrote a record, a heartbeat included."
        );
        meter.CreateObservableGauge(
            "cdcsink.lag.age",
            () => _state.Ages().Select(each => new Measurement<double>(each.Seconds, new KeyValuePair<string, object?>("of", each.Of))),
            "s",
            "Since the stores behind the lag last answered: kafka, clickhouse, connect."
        );
        meter.CreateObservableGauge(
            "cdcsink.parts",
            () => _state.Parts().Select(each => new Measurement<long>(each.Parts, Table(each))),
            "{part}",
            "Active parts, by table."
        );
        meter.CreateObservableGauge(
            "cdcsink.parts.fullest",
            () => _state.Parts().Select(each => new Measurement<long>(each.Fullest, Table(each))),
            "{part}",
            "Active parts of the partition that has most, by table."
        );
        meter.CreateObservableGauge(
            "cdcsink.epoch",
            () => _state.Epochs().Select(each => new Measurement<int>(each.Epoch, new KeyValuePair<string, object?>("topic", each.Topic))),
            "{epoch}",
            "The highest epoch seen, by topic."
        );
    }

    static IEnumerable<Measurement<double>> One(double? value, params KeyValuePair<string, object?>[] tags) =>
        value is { } known ? [new Measurement<double>(known, tags)] : [];

    static IEnumerable<Measurement<long>> Number(long? value) => value is { } known ? [new Measurement<long>(known)] : [];

    static KeyValuePair<string, object?> Table(TableParts parts) => new("table", parts.Table);

    static KeyValuePair<string, object?>[] Place(LagState.Backlog backlog) =>
        [new("topic", backlog.Topic), new("partition", backlog.Partition)];
}
