using System.Globalization;
using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Decode;
using Betting.CdcSink.Join;
using Betting.CdcSink.Lag;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Replay;
using Betting.CdcSink.Signs;
using Betting.CdcSink.Snapshots;
using Betting.CdcSink.Write;
using Betting.Debezium;
using Betting.Hosting;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink;

/// <summary>The sink's own steps on the real engine, in a database of its own.</summary>
public sealed class SinkUnderTest : IAsyncDisposable, IDeadLetters
{
    static int _databases;
    readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    readonly ClickHouseClient _sinkClient;
    readonly ChangeStore _store;
    readonly CdcSinkMetrics _metrics;
    readonly CdcSinkOptions _options;
    readonly string _settings;
    readonly Func<Task> _dropAsync;

    /// <param name="connectionString">For the test's own questions.</param>
    /// <param name="options">The sink's.</param>
    /// <param name="settings">What the sink's connection string has besides.</param>
    /// <param name="dropAsync">Removes its database.</param>
    SinkUnderTest(string connectionString, CdcSinkOptions options, string settings, Func<Task> dropAsync)
    {
        (_settings, _dropAsync) = (settings, dropAsync);
        var meters = _services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        Readings = new Readings(meters);
        ConnectionString = connectionString;
        Client = new ClickHouseClient(connectionString);
        _options = options;
        _sinkClient = new ClickHouseClient($"{connectionString};{settings}");
        _store = new ChangeStore(_sinkClient);
        _metrics = new CdcSinkMetrics(meters, Stores);
        ClockJumps = new ClockJumpReport(_metrics, TimeProvider.System, NullLogger<ClockJumpReport>.Instance);
        var stored = new ProgressStore(_sinkClient, _store, Stores);
        var watermarks = new WatermarkStore(_store);
        var recorded = new RecordedProgress(stored, TimeProvider.System, NullLogger<RecordedProgress>.Instance);
        Progress = new Progress(_store, recorded, TimeProvider.System);
        Join = new BetJoin(_store, options, _metrics, TimeProvider.System);
        Snapshots = new SnapshotStore(_store);
        Settlement = new SnapshotSettlement(Snapshots, _store, Join, NullLogger<SnapshotSettlement>.Instance);
        Applier = new BatchApplier(
            _store,
            Join,
            new StreamSigns(
                _store,
                Snapshots,
                Lost(options),
                new BatchPlace(stored),
                ClockJumps,
                _metrics,
                TimeProvider.System,
                NullLogger<StreamSigns>.Instance
            ),
            new ChainSigns(_store, watermarks, options, _metrics, TimeProvider.System, NullLogger<ChainSigns>.Instance),
            new LogSigns(_store, watermarks, _metrics, TimeProvider.System, NullLogger<LogSigns>.Instance),
            this,
            Progress,
            _metrics,
            TimeProvider.System
        );
    }

    /// <summary>What tells of changes that are gone.</summary>
    public LostChanges Lost(CdcSinkOptions options) =>
        new(_store, options, _metrics, TimeProvider.System, NullLogger<LostChanges>.Instance);

    public StoresClock Stores { get; } = new(TimeProvider.System);
    public string ConnectionString { get; }
    public ClickHouseClient Client { get; }
    public BatchApplier Applier { get; }
    public BetJoin Join { get; }
    public Progress Progress { get; }
    public SnapshotStore Snapshots { get; }
    public SnapshotSettlement Settlement { get; }
    public CdcSinkMetrics Metrics => _metrics;
    public ClockJumpReport ClockJumps { get; }

    /// <summary>What the lag asks of ClickHouse.</summary>
    public VisibleStore Visible =>
        new(Client, ClockJumps, new RestartSigns(Client, _store, _metrics, NullLogger<RestartSigns>.Instance), Stores);
    internal Readings Readings { get; }
    public List<DeadLetter> DeadLetters { get; } = [];
    public Readiness Readiness { get; } = new();

    /// <param name="servers">Where ClickHouse is.</param>
    /// <param name="options">The sink's.</param>
    /// <param name="settings">What the sink's connection string has besides.</param>
    /// <param name="migrateAsync">Makes the schema where the connection string says; null for that of one server.</param>
    public static async Task<SinkUnderTest> CreateAsync(
        Servers servers,
        CdcSinkOptions? options = null,
        string settings = "",
        Func<string, Task>? migrateAsync = null
    )
    {
        var server = await servers.ClickHouseAsync();
        var database = $"sink_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        var connection = server.ConnectionString(database);
        await (migrateAsync is null ? MigratedClickHouse.CreateAsync(server, database) : migrateAsync(connection));
        return new SinkUnderTest(connection, options ?? new CdcSinkOptions(), settings, () =>
            MigratedClickHouse.DropAsync(server, database)
        );
    }

    /// <summary>The sink as it is after a restart: on the same database, with nothing in its memory.</summary>
    public SinkUnderTest Restarted() => new(ConnectionString, _options, _settings, () => Task.CompletedTask);

    /// <summary>ClickHouse's own parser takes the statement, or its error is thrown.</summary>
    public async Task ParseAsync(string statement)
    {
        var text = new ClickHouseParameterCollection();
        text.AddParameter("statement", statement);
        Assert.NotNull(await Client.ExecuteScalarAsync("SELECT formatQuery({statement:String})", text));
    }

    /// <summary>Everything through the pipeline of the verb replay.</summary>
    public async Task ReplayAsync(IEnumerable<StreamRecord> records, TimeSpan? patience = null)
    {
        await new ArchiveReplay(Patient(patience), Settlement, _options, _metrics, TimeProvider.System).RunAsync(
            records,
            new RecordDecoder(_options.Decoding()),
            _ => { },
            CancellationToken.None
        );
    }

    RetryingBatchWriter Patient(TimeSpan? patience = null) =>
        new(Applier, _options, _metrics, Readiness, Outage(Readiness), TimeProvider.System, NullLogger<RetryingBatchWriter>.Instance)
        {
            Timeout = patience ?? TimeSpan.MaxValue,
        };

    /// <summary>Outages of a test without a worker around it.</summary>
    internal ClickHouseOutage Outage(Readiness readiness)
    {
        var stores = new StoreFailures([]);
        return new ClickHouseOutage(
            new Outages(
                stores,
                readiness,
                _services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
                TimeProvider.System,
                NullLogger<Outages>.Instance
            ),
            stores
        );
    }

    /// <summary>One batch as the worker applies it: with progress.</summary>
    /// <param name="records">Of the batch.</param>
    /// <param name="before">What has to be done before its progress is recorded.</param>
    /// <param name="generation">Of its topics.</param>
    /// <param name="keepsPartitions">True where the next batch is read in the same assignment of partitions.</param>
    public async Task ApplyStreamedAsync(
        IReadOnlyCollection<StreamRecord> records,
        Task? before = null,
        ulong generation = 0,
        bool keepsPartitions = false
    )
    {
        using var batch = Streamed(records, generation);
        await Applier.ApplyAsync(batch, before ?? Task.CompletedTask, CancellationToken.None);
        if (!keepsPartitions)
        {
            Progress.Forget();
        }
    }

    /// <summary>
    /// One batch as the worker applies it until ClickHouse takes it, in parts where it does not take it whole. Partitions stay assigned.
    /// </summary>
    /// <param name="records">Of the batch.</param>
    /// <param name="before">What has to be done before its progress is recorded.</param>
    /// <param name="patient">Applies it; the sink's own where null.</param>
    public async Task ApplyPatientlyAsync(
        IReadOnlyCollection<StreamRecord> records,
        Task? before = null,
        RetryingBatchWriter? patient = null
    )
    {
        using var batch = Streamed(records);
        batch.Kept = [.. records];
        await (patient ?? Patient()).ApplyAsync(batch, before ?? Task.CompletedTask, CancellationToken.None);
    }

    ChangeBatch Streamed(IReadOnlyCollection<StreamRecord> records, ulong generation = 0)
    {
        var batch = Batch(records);
        batch.Assignment = Progress.Assignment;
        batch.Positions.AddRange(
            records
                .GroupBy(record => (record.Topic, record.Partition))
                .Select(of => new PartitionPosition(
                    of.Key.Topic,
                    of.Key.Partition,
                    of.Max(record => record.Offset) + 1,
                    of.Max(record => record.Offset) + 1,
                    0,
                    0
                )
                {
                    Generation = generation,
                })
        );
        return batch;
    }

    /// <summary>Settles the snapshots that ended, as the worker does once all partitions have passed their ends.</summary>
    public async Task SettleSnapshotsAsync()
    {
        foreach (var end in await Snapshots.OpenAsync(CancellationToken.None))
        {
            await Settlement.SettleAsync(end, () => { }, CancellationToken.None);
        }
        Assert.Empty(await Snapshots.OpenAsync(CancellationToken.None));
    }

    /// <summary>These records as one batch, not yet applied.</summary>
    public ChangeBatch Batch(IEnumerable<StreamRecord> records)
    {
        var builder = new BatchBuilder(new RecordDecoder(_options.Decoding()), _options, _metrics, TimeProvider.System);
        foreach (var record in records)
        {
            builder.Add(record, out _);
        }
        return builder.Take() ?? new ChangeBatch();
    }

    public Task InsertChangesAsync(ChangeBatch batch) =>
        Task.WhenAll(batch.Rows.Tables.Select(each => _store.InsertAsync(each.Table, each.Rows, CancellationToken.None)));

    /// <summary>The join that batches take.</summary>
    public Task JoinAsync(IEnumerable<long> bets) => Join.JoinAsync(bets.Order().ToArray(), CancellationToken.None);

    /// <summary>The join inside ClickHouse.</summary>
    public Task JoinInsideAsync(IReadOnlyCollection<long> bets) => _store.JoinAsync(bets, CancellationToken.None);

    /// <summary>Lets <c>data_as_of</c> say so: a replay has no stream that could.</summary>
    /// <param name="moment">ISO 8601 in UTC.</param>
    public async Task VisibleUntilAsync(string moment) =>
        await QueryAsync(
            $"CREATE OR REPLACE VIEW data_as_of AS SELECT toNullable(parseDateTime64BestEffort('{moment}', 6, 'UTC')) AS data_as_of"
        );

    public async Task<List<string>> QueryAsync(string sql)
    {
        var rows = new List<string>();
        await using var reader = await Client.ExecuteReaderAsync(sql);
        while (await reader.ReadAsync())
        {
            rows.Add(
                string.Join(
                    '|',
                    Enumerable
                        .Range(0, reader.FieldCount)
                        .Select(i => reader.IsDBNull(i) ? "NULL" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))
                )
            );
        }
        return rows;
    }

    Task IDeadLetters.SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        DeadLetters.AddRange(letters);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        Progress.Dispose();
        _store.Dispose();
        _sinkClient.Dispose();
        Client.Dispose();
        Readings.Dispose();
        _metrics.Dispose();
        await _services.DisposeAsync();
        await _dropAsync();
    }
}
