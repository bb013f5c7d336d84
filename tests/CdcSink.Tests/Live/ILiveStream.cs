using Betting.Local.Engines;

namespace Betting.Tests.CdcSink.Live;

/// <summary>What brings PostgreSQL's changes to the sink while a test runs, and what of it can be killed.</summary>
interface ILiveStream : IAsyncDisposable
{
    string BootstrapServers { get; }

    /// <summary>kill -9 and the start that follows it, by what is killed.</summary>
    IReadOnlyDictionary<string, Func<Task>> Kills { get; }

    /// <summary>Where the connector's stored position is asked for.</summary>
    Uri Connect { get; }

    Task StartAsync();

    /// <summary>
    /// Changes are no longer read from PostgreSQL until <see cref="ResumeCaptureAsync"/>; what is in hand may still be sent.
    /// </summary>
    Task PauseCaptureAsync();

    Task ResumeCaptureAsync();

    /// <summary>The capture ends in good order and begins again, as with each change of its settings.</summary>
    Task RestartCaptureAsync();

    /// <summary>Ends one of several brokers; nothing where there is one alone.</summary>
    Task StopOneBrokerAsync();

    Task CreateTopicAsync(string topic, int partitions);

    /// <summary>Gives the topic so many partitions; false where the broker cannot.</summary>
    Task<bool> TryAddPartitionAsync(string topic, int partitions);

    /// <summary>Captures the database, from a snapshot on, with this epoch in every record.</summary>
    Task CaptureAsync(PostgresServer postgres, int epoch);

    /// <summary>The capture goes on with a new epoch and without a snapshot; false where it cannot.</summary>
    Task<bool> TryRaiseEpochAsync(int epoch);

    /// <summary>
    /// A snapshot that blocks the stream or runs beside it reads this table alone, or those rows of it; false where there is no such
    /// snapshot.
    /// </summary>
    Task<bool> TryReadAgainAsync(string table, bool beside = false, string? condition = null);

    /// <summary>Whether a restart of the capture would go on from where it is, rather than take another snapshot.</summary>
    Task<bool> HasStoredItsPositionAsync();

    /// <summary>Nobody captures from here on.</summary>
    Task StopCaptureAsync();

    /// <summary>The next members whose session is shorter than the brokers' least are refused; a real broker does so by itself.</summary>
    Task RefuseShortSessionsAsync();
}
