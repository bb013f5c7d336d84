using Betting.Local.Engines;

namespace Betting.Tests.CdcSink.Live;

/// <summary>What brings PostgreSQL's changes to the sink while a test runs, and what of it can be killed.</summary>
interface ILiveStream : IAsyncDisposable
{
    string BootstrapServers { get; }

    /// <summary>kill -9 and the start that follows it, by what is killed.</summary>
    IReadOnlyDictionary<string, Func<Task>> Kills { get; }

    Task StartAsync();

    Task CreateTopicAsync(string topic, int partitions);

    /// <summary>Gives the topic so many partitions; false where the broker cannot.</summary>
    Task<bool> TryAddPartitionAsync(string topic, int partitions);

    /// <summary>Captures the database, from a snapshot on, with this epoch in every record.</summary>
    Task CaptureAsync(PostgresServer postgres, int epoch);

    /// <summary>Whether a restart of the capture would go on from where it is, rather than take another snapshot.</summary>
    Task<bool> HasStoredItsPositionAsync();

    /// <summary>Nobody captures from here on.</summary>
    Task StopCaptureAsync();
}
