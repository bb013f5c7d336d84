using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// PostgreSQL with the project's schema, a stream, ClickHouse, and replicas of the sink: all of them the test's own, to be killed.
/// </summary>
sealed class LiveStage : IAsyncDisposable
{
    public const string Database = "betting";

    /// <summary>Where a connector writes the windows of incremental snapshots.</summary>
    public const string SignalTable = "debezium_signal";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    static readonly ChangeTopics Changes = new(ChangeTopics.DefaultPrefix);

    readonly string _folder;
    readonly int _batchRecords;
    readonly ClickHouseServer _clickHouse;
    readonly List<EngineProcess> _replicas = [];
    readonly Dictionary<string, int> _partitions = Changes.Tables.ToDictionary(topic => topic, _ => 3);

    LiveStage(string folder, int brokers, bool exactlyOnce, int batchRecords)
    {
        _batchRecords = batchRecords;
        _folder = folder;
        _clickHouse = new ClickHouseServer(folder, FreePort.Take());
        Stream = Environment.GetEnvironmentVariable(RealStream.Variable) is { Length: > 0 } tools
            ? new RealStream(tools, folder, brokers, exactlyOnce)
            : new StandInStream(folder);
        ClickHouse = new ClickHouseClient(_clickHouse.ConnectionString(Database));
        Kills = new Dictionary<string, Func<Task>>(Stream.Kills)
        {
            ["ClickHouse"] = KillClickHouseAsync,
            ["a replica of the sink"] = KillReplicaAsync,
        };
    }

    /// <summary>The sink's and the Reconciler's connection string.</summary>
    public string ClickHouseConnection => _clickHouse.ConnectionString(Database);

    public string Logs => Path.Combine(_folder, "logs");

    public ILiveStream Stream { get; }
    public ClickHouseClient ClickHouse { get; }
    public IReadOnlyDictionary<string, Func<Task>> Kills { get; }

    /// <param name="replicas">Of the sink.</param>
    /// <param name="brokers">Real brokers: one or three. The stand-in is one.</param>
    /// <param name="exactlyOnce">True where real Kafka Connect writes in transactions.</param>
    /// <param name="batchRecords">The sink's <c>BatchRecords</c>: small, so that there are many batches to be killed in.</param>
    public static async Task<LiveStage> StartAsync(int replicas, int brokers = 1, bool exactlyOnce = false, int batchRecords = 500)
    {
        var stage = new LiveStage(ServerFolder.Create(), brokers, exactlyOnce, batchRecords);
        await Task.WhenAll(stage.Stream.StartAsync(), stage._clickHouse.StartAsync());
        await ClickHouseMigrator.MigrateAsync(stage._clickHouse.ConnectionString(Database));
        foreach (var topic in Changes.Tables)
        {
            await stage.Stream.CreateTopicAsync(topic, stage._partitions[topic]);
            await stage.Stream.CreateTopicAsync(Topics.DeadLetter(topic), 1);
        }
        foreach (var topic in new[] { Changes.Messages, Changes.Transactions, Changes.Heartbeats })
        {
            await stage.Stream.CreateTopicAsync(topic, 1);
        }
        while (stage._replicas.Count < replicas)
        {
            stage._replicas.Add(stage.StartReplica());
        }
        return stage;
    }

    /// <summary>A cluster of its own, whose log begins anew.</summary>
    public async Task<PostgresServer> NewPostgresAsync(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        // When each transaction was committed is what data_as_of is compared with.
        var server = new PostgresServer(folder, FreePort.Take(), new Dictionary<string, string> { ["track_commit_timestamp"] = "on" });
        await server.StartAsync();
        await server.CreateDatabaseAsync(Database);
        await PostgresMigrator.MigrateAsync(
            server.ConnectionString(Database),
            new Dictionary<string, string> { ["replicator"] = "local" },
            NullLogger.Instance,
            CancellationToken.None
        );
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(Database));
        await using var signals = postgres.CreateCommand(
            $"""
            CREATE TABLE {SignalTable} (id text PRIMARY KEY, type text NOT NULL, data text);
            GRANT SELECT, INSERT, DELETE ON {SignalTable} TO replicator;
            ALTER PUBLICATION debezium_publication ADD TABLE {SignalTable}
            """
        );
        await signals.ExecuteNonQueryAsync();
        return server;
    }

    /// <summary>The state of a cluster of <see cref="NewPostgresAsync"/>, to which it can go back.</summary>
    public DataCopy CopyOf(string name, PostgresServer server) => new(server, Path.Combine(_folder, name));

    /// <summary>
    /// Returns when the snapshot is done and a restart would go on behind it: a capture that dies sooner takes another one, which
    /// cannot tell what was deleted meanwhile, and a message sent sooner is skipped.
    /// </summary>
    public async Task CaptureAsync(PostgresServer postgres, int epoch)
    {
        await Stream.CaptureAsync(postgres, epoch);
        await Deadline.UntilAsync("the capture's stored position", Patience, Stream.HasStoredItsPositionAsync);
    }

    /// <summary>Waits until so many more changes of bets have been kept than now.</summary>
    public async Task MoreChangesAsync(int changes)
    {
        long goal = 0;
        await Deadline.UntilAsync("ClickHouse's answer", Patience, async () => (goal = await ChangesAsync() + changes) > 0);
        await Deadline.UntilAsync($"{changes} more changes", Patience, async () => await ChangesAsync() >= goal);
    }

    /// <summary>
    /// The topic of bets gets a partition more, so that a bet's next change comes by another than its last; waits until it is read.
    /// Nothing where the broker cannot.
    /// </summary>
    public async Task AddPartitionAsync()
    {
        var added = _partitions[Changes.Bets];
        if (await Stream.TryAddPartitionAsync(Changes.Bets, added + 1))
        {
            _partitions[Changes.Bets] = added + 1;
            await Deadline.UntilAsync("the added partition's records", Patience, async () =>
                await CountAsync($"SELECT count() FROM bet_changes WHERE partition = {added}") > 20
            );
        }
    }

    /// <summary>
    /// Waits until all that PostgreSQL has committed by now has had its effect: the fence has come, and progress covers the topics' ends.
    /// </summary>
    public async Task EverythingHasArrivedAsync(NpgsqlDataSource postgres)
    {
        var fence = Guid.NewGuid().ToString();
        await using var emit = postgres.CreateCommand("SELECT pg_logical_emit_message(true, 'fence', $1)");
        emit.Parameters.AddWithValue(fence);
        await emit.ExecuteNonQueryAsync();
        await Deadline.UntilAsync("the fence", Patience, async () =>
            await CountAsync($"SELECT count() FROM fences WHERE content = '{fence}'") > 0
        );
        using var reader = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = Stream.BootstrapServers, GroupId = "ends" }
        ).Build();
        await TopicsAreReadAsync(reader);
        await Deadline.UntilAsync("the settlement of snapshots", Patience, async () =>
            await CountAsync("SELECT count() FROM snapshot_markers FINAL WHERE marker = 'last' AND settled = 0") == 0
        );
    }

    async Task TopicsAreReadAsync(IConsumer<byte[], byte[]> reader)
    {
        foreach (var topic in Changes.Tables)
        {
            for (var partition = 0; partition < _partitions[topic]; partition++)
            {
                var end = reader.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(20)).High.Value;
                await Deadline.UntilAsync($"{topic} {partition} up to {end}", Patience, async () =>
                    end == 0
                    || await CountAsync($"SELECT max(next_offset) FROM sink_progress WHERE topic = '{topic}' AND partition = {partition}")
                        >= end
                );
            }
        }
    }

    /// <summary>kill -9 of the oldest replica, which nobody replaces.</summary>
    public async Task KillForGoodAsync()
    {
        var victim = _replicas[0];
        _replicas.RemoveAt(0);
        await victim.KillAsync();
        await victim.DisposeAsync();
    }

    /// <summary>Starts one more replica and returns when it has partitions.</summary>
    public async Task AddReplicaAsync()
    {
        _replicas.Add(StartReplica());
        await BothOwnAsync();
    }

    /// <summary>Returns when each replica has begun partitions.</summary>
    public Task BothOwnAsync() =>
        Deadline.UntilAsync("partitions for each replica", Patience, () =>
            Task.FromResult(_replicas.TrueForAll(replica => Says(replica, "Assigned {Partitions}")))
        );

    /// <summary>Signals the oldest replica.</summary>
    public void Send(Signal signal) => _replicas[0].Send(signal);

    /// <summary>Returns when the oldest replica has noticed that the group went on without it.</summary>
    public Task LostAsync() =>
        Deadline.UntilAsync("a replica that notices", Patience, () => Task.FromResult(Says(_replicas[0], "Lost {Partitions}")));

    /// <summary>No replica may have ended by itself.</summary>
    public IEnumerable<string> Ended =>
        _replicas.Where(replica => replica.HasExited).Select(replica => $"{replica.Name} ended with code {replica.ExitCode}");

    public async Task<long> CountAsync(string sql) =>
        Convert.ToInt64(await ClickHouse.ExecuteScalarAsync(sql), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_replicas.Select(replica => replica.StopAsync(TimeSpan.FromSeconds(20))));
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }
        ClickHouse.Dispose();
        await _clickHouse.DisposeAsync();
        await Stream.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    Task<long> ChangesAsync() => CountAsync("SELECT count() FROM bet_changes");

    async Task KillClickHouseAsync()
    {
        await _clickHouse.KillAsync();
        await _clickHouse.StartAsync();
    }

    async Task KillReplicaAsync()
    {
        var victim = _replicas[0];
        _replicas.RemoveAt(0);
        await victim.KillAsync();
        await victim.DisposeAsync();
        _replicas.Add(StartReplica());
    }

    // By the template of a line in the JSON log.
    static bool Says(EngineProcess replica, string template)
    {
        using var log = new StreamReader(new FileStream(replica.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd().Contains(template, StringComparison.Ordinal);
    }

    /// <summary>A worker with settings of its own, which the stage does not know.</summary>
    public EngineProcess StartWorker(params string[] settings) =>
        EngineProcess.Start(
            "CdcSink",
            Installed.Own(
                "workers/CdcSink",
                "CdcSink",
                [
                    $"--ClickHouse:ConnectionString={ClickHouseConnection}",
                    $"--Kafka:BootstrapServers={Stream.BootstrapServers}",
                    "--Logs:Format=text",
                    .. settings,
                ]
            ),
            Path.Combine(_folder, "logs", $"worker-{Guid.NewGuid():N}.log")
        );

    EngineProcess StartReplica() =>
        EngineProcess.Start(
            "CdcSink",
            Installed.Own(
                "workers/CdcSink",
                "CdcSink",
                $"--ClickHouse:ConnectionString={_clickHouse.ConnectionString(Database)}",
                $"--Kafka:BootstrapServers={Stream.BootstrapServers}",
                "--Http:Url=http://127.0.0.1:0",
                $"--Connect:Url={Stream.Connect}",
                "--Connect:Connector=betting-1",
                "--CdcSink:LagEvery=00:00:00.500",
                $"--CdcSink:BatchRecords={_batchRecords.ToString(CultureInfo.InvariantCulture)}",
                "--CdcSink:RebalanceWait=00:00:03",
                "--Kafka:Client:session.timeout.ms=6000",
                "--Kafka:Client:heartbeat.interval.ms=500",
                "--Kafka:Client:fetch.wait.max.ms=20"
            ),
            Path.Combine(_folder, "logs", $"sink-{Guid.NewGuid():N}.log")
        );
}
