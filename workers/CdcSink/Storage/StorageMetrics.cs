using System.Diagnostics.Metrics;

namespace Betting.CdcSink.Storage;

/// <summary>What <see cref="StorageWatch"/> last saw, on the meter <c>Betting.CdcSink</c>. Nothing before its first comparison.</summary>
public sealed class StorageMetrics
{
    volatile IReadOnlyList<DiskSpace> _disks = [];
    volatile object? _faults;

    public StorageMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Betting.CdcSink");
        meter.CreateObservableGauge(
            "cdcsink.disk.free", () => _disks.Select(disk => Of(disk, disk.Free)), "By", "Bytes that are free on a disk of ClickHouse, by disk.");
        meter.CreateObservableGauge(
            "cdcsink.disk.size", () => _disks.Select(disk => Of(disk, disk.Size)), "By", "Bytes that a disk of ClickHouse has, by disk.");
        meter.CreateObservableGauge(
            "cdcsink.schema.faults", Faults, "{object}", "Tables and views of the schema that ClickHouse lacks or whose metadata file is empty.");
    }

    public void SawDisks(IReadOnlyList<DiskSpace> disks) => _disks = disks;

    public void SawSchemaFaults(int faults) => _faults = faults;

    IEnumerable<Measurement<int>> Faults() => _faults is int faults ? [new Measurement<int>(faults)] : [];

    static Measurement<double> Of(DiskSpace disk, double value) => new(value, new KeyValuePair<string, object?>("disk", disk.Name));
}
