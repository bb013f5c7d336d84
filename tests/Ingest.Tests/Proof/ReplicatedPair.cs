using System.Diagnostics;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Postgres;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A primary, its standby, and a worker that knows both.</summary>
sealed class ReplicatedPair(
    PostgresServer primary,
    PostgresServer standby,
    Stage stage,
    IngestProcess worker,
    string[] settings,
    string door
) : IAsyncDisposable
{
    readonly Stopwatch _promoted = new();

    public PostgresServer Primary => primary;

    public PostgresServer Standby => standby;

    public Stage Stage => stage;

    /// <summary>The last one that was started.</summary>
    public IngestProcess Worker { get; private set; } = worker;

    public NpgsqlDataSource StandbySource { get; } =
        NpgsqlDataSource.Create(standby.ConnectionString(new NpgsqlConnectionStringBuilder(stage.Postgres.ConnectionString).Database!));

    public static async Task<ReplicatedPair> StartAsync(Servers servers, string name, string door = RabbitDoor.Door)
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
        var primary = new PostgresServer(Directory.CreateDirectory(Path.Combine(folder, "a")).FullName, FreePort.Take());
        await primary.StartAsync();
        var stage = await Stage.SetAsync(servers, primary);
        var standby = await Fixtures.Standby.OfAsync(primary, Directory.CreateDirectory(Path.Combine(folder, "b")).FullName);
        string[] settings =
        [
            $"--Postgres:ConnectionString=Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Username=ingest;Database={new NpgsqlConnectionStringBuilder(stage.Postgres.ConnectionString).Database}",
            "--Ingest:BatchSize=50",
            $"--Ingest:Doors={door}",
            "--Http:DrainLimit=00:00:08",
        ];
        var worker = stage.Start(settings);
        await worker.ReadyAsync();
        return new ReplicatedPair(primary, standby, stage, worker, settings, door);
    }

    /// <summary>Every commit on the primary waits for the standby from now on.</summary>
    public async Task MakeSynchronousAsync()
    {
        await OnPrimaryAsync("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
        await Deadline.UntilAsync("a synchronous standby", TimeSpan.FromSeconds(10), async () =>
            (string?)await OnPrimaryAsync("SELECT max(sync_state) FROM pg_stat_replication") == "sync"
        );
    }

    /// <summary>A worker like the first one.</summary>
    public void Restart() => Worker = stage.Start(settings);

    /// <summary>A commit of the worker that waits for the standby and has waited this long; its process in PostgreSQL.</summary>
    public async Task<int> WaitingCommitAsync(TimeSpan atLeast = default, int notThisOne = 0)
    {
        var session = 0;
        await Deadline.UntilAsync("a commit that waits for the standby", TimeSpan.FromSeconds(60), async () =>
        {
            await using var waiting = stage.Postgres.CreateCommand(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'ingest' AND wait_event = 'SyncRep' AND query_start < "
                    + "clock_timestamp() - $1 AND pid <> $2 LIMIT 1"
            );
            waiting.Parameters.AddWithValue(atLeast);
            waiting.Parameters.AddWithValue(notThisOne);
            session = (int?)await waiting.ExecuteScalarAsync() ?? 0;
            return session != 0;
        });
        return session;
    }

    /// <summary>Waits until readiness says that the commit waits for the standby.</summary>
    public Task ToldAsync() =>
        Deadline.UntilAsync("readiness that names the standby", TimeSpan.FromSeconds(60), async () =>
            (await Worker.BodyAsync("/health/ready")).Contains(CommitWatch.WaitsForStandby, StringComparison.Ordinal)
        );

    public Task PublishAsync(IEnumerable<BetCommand> commands) =>
        door == RabbitDoor.Door ? stage.Rabbit.PublishAsync(Stage.Encoded(commands)) : stage.Kafka.PublishAsync(Stage.Encoded(commands));

    public async Task<object?> OnPrimaryAsync(params string[] statements)
    {
        object? last = null;
        foreach (var sql in statements)
        {
            await using var command = stage.Postgres.CreateCommand(sql);
            last = await command.ExecuteScalarAsync();
        }
        return last;
    }

    public async Task<T> OnStandbyAsync<T>(string sql)
    {
        await using var command = StandbySource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task AppliedOnPrimaryAsync(int count) =>
        Deadline.UntilAsync($"{count} commands on the primary", TimeSpan.FromSeconds(60), async () =>
            (long)(await OnPrimaryAsync("SELECT count(*) FROM commands"))! >= count
        );

    public async Task PromoteAsync()
    {
        await OnStandbyAsync<bool>("SELECT pg_promote()");
        _promoted.Start();
    }

    /// <summary>From the promotion until the new primary has more than it had; one more command sees to it that there is one.</summary>
    public async Task<TimeSpan> ResumedAfterAsync()
    {
        var had = await OnStandbyAsync<long>("SELECT count(*) FROM commands");
        await PublishAsync([Decide.Given.Schedule(1_000_000)]);
        await Deadline.UntilAsync("a batch on the new primary", TimeSpan.FromSeconds(30), async () =>
            await OnStandbyAsync<long>("SELECT count(*) FROM commands") > had
        );
        return _promoted.Elapsed;
    }

    public Task AppliedOnStandbyAsync(BetCommand[] commands) =>
        Deadline.UntilAsync($"outcomes of {commands.Length} commands on the new primary", TimeSpan.FromSeconds(60), async () =>
        {
            await using var count = StandbySource.CreateCommand("SELECT count(*) FROM commands WHERE command_id = ANY($1)");
            count.Parameters.AddWithValue(commands.Select(command => command.Id).ToArray());
            return (long)(await count.ExecuteScalarAsync())! == commands.Length;
        });

    public Task NothingQueuedAsync() =>
        Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Contracts.Topics.Commands) == 0
        );

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        await StandbySource.DisposeAsync();
        await standby.DisposeAsync();
        await primary.DisposeAsync();
    }
}
