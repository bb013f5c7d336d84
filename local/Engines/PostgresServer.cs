using Npgsql;

namespace Betting.Local.Engines;

/// <summary>A PostgreSQL server of our own: loopback only, logical decoding on, data under one folder.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    const string Superuser = "postgres";
    readonly string _data;
    readonly string _log;
    readonly IReadOnlyDictionary<string, string> _settings;
    EngineProcess? _process;

    /// <param name="folder">Holds the cluster and its log; survives restarts.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="settings">postgresql.conf settings on top of ours.</param>
    public PostgresServer(string folder, int port, IReadOnlyDictionary<string, string>? settings = null)
    {
        _data = Path.Combine(folder, "postgres");
        _log = Path.Combine(folder, "logs", "postgres.log");
        Port = port;
        _settings = settings ?? new Dictionary<string, string>();
    }

    public int Port { get; }
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Its process was started and has ended, by itself or by a signal.</summary>
    public bool HasEnded => _process is { HasExited: true };
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>A connection string of the superuser, for set-up and checks only; workers have roles of their own.</summary>
    public string ConnectionString(string database = "postgres") =>
        $"Host=127.0.0.1;Port={Port};Username={Superuser};Database={database};Timeout=5";

    /// <exception cref="EngineException">It may not enter its folder, did not start, or does not answer.</exception>
    public async Task StartAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_data)!);
        if (await FolderAccess.FaultAsync(Path.GetDirectoryName(_data)!, Superuser) is { } closed)
        {
            throw new EngineException(closed);
        }
        if (!File.Exists(Path.Combine(_data, "PG_VERSION")))
        {
            await InitialiseAsync();
        }
        string[] ours =
        [
            $"port={Port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "wal_level=logical",
            "max_wal_senders=10",
            "max_replication_slots=10",
            "max_connections=200",
            "shared_buffers=1GB",
            "min_wal_size=2GB",
            "max_wal_size=8GB",
            "max_slot_wal_keep_size=8GB",
            "log_min_messages=warning",
            "logging_collector=off",
            "timezone=UTC",
            "jit=off",
        ];
        var arguments = new List<string> { "-D", _data };
        foreach (var setting in ours.Concat(_settings.Select(pair => $"{pair.Key}={pair.Value}")))
        {
            arguments.AddRange(["-c", setting]);
        }
        _process = EngineProcess.Start("PostgreSQL", new Launch(Installed.Postgres("postgres"), arguments).AsUserIfRoot(Superuser), _log);
        await Deadline.UntilAsync("PostgreSQL's answer", TimeSpan.FromSeconds(60), AnswersAsync);
    }

    /// <summary>Creates <paramref name="database"/> where it is not there.</summary>
    public async Task CreateDatabaseAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString());
        await using var exists = source.CreateCommand("SELECT 1 FROM pg_database WHERE datname = $1");
        exists.Parameters.AddWithValue(database);
        if (await exists.ExecuteScalarAsync() is null)
        {
            var quoted = new NpgsqlCommandBuilder().QuoteIdentifier(database);
            await using var create = source.CreateCommand($"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
            await create.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Fast shutdown: running transactions are rolled back, data is written.</summary>
    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(30), Signal.Interrupt);
        }
    }

    /// <summary>kill -9 of the postmaster, as a crash would; its children end by themselves when they notice.</summary>
    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    public void Pause() => _process?.Send(Signal.Stop);

    public void Resume() => _process?.Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    async Task<bool> AnswersAsync()
    {
        if (_process is { HasExited: true })
        {
            throw new EngineException(_process, "ended");
        }
        await using var connection = new NpgsqlConnection(ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        return true;
    }

    // Beside its place: initdb that is killed leaves a folder that looks whole.
    async Task InitialiseAsync()
    {
        var making = _data + ".making";
        if (Directory.Exists(making))
        {
            Directory.Delete(making, recursive: true);
        }
        Directory.CreateDirectory(making);
        if (Environment.UserName == "root")
        {
            await RunAsync(new Launch("chown", [Superuser, making]));
        }
        string[] arguments = ["-D", making, "-U", Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        await RunAsync(new Launch(Installed.Postgres("initdb"), arguments).AsUserIfRoot(Superuser));
        if (Directory.Exists(_data))
        {
            // Empty, or somebody else's: then this fails.
            Directory.Delete(_data);
        }
        Directory.Move(making, _data);
    }

    async Task RunAsync(Launch launch)
    {
        await using var step = EngineProcess.Start(Path.GetFileName(launch.Program), launch, _log);
        if (!await step.ExitedWithinAsync(TimeSpan.FromSeconds(60)) || step.ExitCode != 0)
        {
            throw new EngineException(step, "failed");
        }
    }
}
