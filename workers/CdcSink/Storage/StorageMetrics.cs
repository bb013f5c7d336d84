using System.Diagnostics.Metrics;
using Betting.Hosting;

namespace Betting.CdcSink.Storage;

/// <summary>
/// What <see cref="StorageWatch"/> last saw, on the meter <c>Betting.CdcSink</c>. Nothing before its first comparison, and nothing where
/// ClickHouse has not answered for a minute: four looks.
/// </summary>
public sealed class StorageMetrics
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    readonly RecentValue<IReadOnlyList<DiskSpace>> _disks;
    readonly RecentValue<int> _faults;

    public StorageMetrics(IMeterFactory factory, TimeProvider clock)
    {
        _disks = new RecentValue<IReadOnlyList<DiskSpace>>(Limit, clock);
        _faults = new RecentValue<int>(Limit, clock);
        var meter = factory.Create("Betting.CdcSink");
        meter.CreateObservableGauge(
            "cdcsink.disk.free",
            () => Disks.Select(disk => Of(disk, disk.Free)),
            "By",
            "Bytes that are free on a disk of ClickHouse, by disk."
        );
        meter.CreateObservableGauge(
            "cdcsink.disk.size",
            () => Disks.Select(disk => Of(disk, disk.Size)),
            "By",
            "Bytes that a disk of ClickHouse has, by disk."
        );
        meter.CreateObservableGauge(
            "cdcsink.schema.faults",
            () => _faults.Known.Select(faults => new Measurement<int>(faults)),
            "{object}",
            "Tables and views of the schema that ClickHouse lacks or whose metadata file is empty."
        );
    }

    public void SawDisks(IReadOnlyList<DiskSpace> disks) => _disks.Set(disks);

    public void SawSchemaFaults(int faults) => _faults.Set(faults);

    IEnumerable<DiskSpace> Disks => _disks.Known.SelectMany(disks => disks);

    static Measurement<double> Of(DiskSpace disk, double value) => new(value, new KeyValuePair<string, object?>("disk", disk.Name));
}
