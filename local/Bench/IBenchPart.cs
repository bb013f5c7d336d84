namespace Betting.Local.Bench;

/// <summary>One part of the bench: a folder of <c>Parts</c> with one class of this kind, named in <see cref="BenchParts"/>.</summary>
public interface IBenchPart
{
    /// <summary>As it is given on the command line.</summary>
    string Name { get; }

    /// <summary>One line for <c>--help</c>.</summary>
    string About { get; }

    /// <summary>Measures, and hands each figure to <paramref name="run"/> when it is known.</summary>
    Task MeasureAsync(BenchRun run, CancellationToken cancellation);
}

/// <summary>All parts, in the order in which they run.</summary>
static class BenchParts
{
    public static readonly IReadOnlyList<IBenchPart> All =
    [
        new Parts.Ingest.IngestPart(),
        new Parts.CdcSink.CdcSinkPart(),
        new Parts.Cluster.ClusterPart(),
    ];
}
