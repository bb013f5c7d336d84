using System.Diagnostics;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>The primary dies while commands flow, and its standby takes over.</summary>
[Collection("worker")]
public sealed class FailoverTests(Servers servers)
{
    [Fact]
    public async Task Synchronous_nothing_that_was_acknowledged_is_lost()
    {
        await using var pair = await Pair.StartAsync(servers, "synchronous");
        await pair.OnPrimaryAsync("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
        await Deadline.UntilAsync("a synchronous standby", TimeSpan.FromSeconds(10), async () => (string?)await pair.OnPrimaryAsync("SELECT max(sync_state) FROM pg_stat_replication") == "sync");
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 4, bets: 1500, seed: 21)];
        await pair.PublishAsync(commands);
        await pair.AppliedOnPrimaryAsync(commands.Length / 3);

        await pair.Primary.KillAsync();
        var down = Stopwatch.StartNew();
        await pair.PromoteAsync();
        var resumed = await pair.ResumedAfterAsync();
        await pair.AppliedOnStandbyAsync(commands);
        await pair.NothingQueuedAsync();

        TestContext.Current.TestOutputHelper!.WriteLine($"promoted and taking batches {down.Elapsed.TotalSeconds:F1} s after the death, {resumed.TotalSeconds:F2} s after the promotion");
        Assert.True(resumed < TimeSpan.FromSeconds(3), $"resumed {resumed} after the promotion");
        Assert.Equal(commands.Length + 1, await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(pair.StandbySource);
    }

    [Fact]
    public async Task Asynchronous_the_last_transactions_are_lost_whole_and_publishing_again_heals_them()
    {
        await using var pair = await Pair.StartAsync(servers, "asynchronous");
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 4, bets: 1000, seed: 22)];
        var half = commands.Length / 2;
        await pair.PublishAsync(commands[..half]);
        await pair.AppliedOnPrimaryAsync(half);
        await Deadline.UntilAsync("the standby to have it", TimeSpan.FromSeconds(20), async () => await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands") == half);
        // From here on the standby hears nothing.
        var sender = (int)(await pair.OnPrimaryAsync("SELECT pid FROM pg_stat_replication"))!;
        ProcessTree.Send(sender, "STOP");
        await pair.PublishAsync(commands[half..]);
        await pair.AppliedOnPrimaryAsync(commands.Length);
        await pair.NothingQueuedAsync();

        var death = pair.Primary.KillAsync();
        ProcessTree.Send(sender, "KILL");
        await death;
        await pair.PromoteAsync();
        await pair.ResumedAfterAsync();

        var kept = await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands") - 1;
        TestContext.Current.TestOutputHelper!.WriteLine($"{commands.Length - kept} of {commands.Length} acknowledged commands were lost with the primary");
        Assert.True(kept < commands.Length, "nothing was lost, so nothing is shown");
        await Invariants.HoldAsync(pair.StandbySource);
        await pair.PublishAsync(commands);
        await pair.AppliedOnStandbyAsync(commands);
        await pair.NothingQueuedAsync();
        Assert.Equal(commands.Length + 1, await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(pair.StandbySource);
    }

    /// <summary>A primary, its standby, and a worker that knows both.</summary>
    sealed class Pair(PostgresServer primary, PostgresServer standby, Stage stage) : IAsyncDisposable
    {
        readonly Stopwatch _promoted = new();

        public PostgresServer Primary => primary;

        public NpgsqlDataSource StandbySource { get; } = NpgsqlDataSource.Create(standby.ConnectionString(new NpgsqlConnectionStringBuilder(stage.Postgres.ConnectionString).Database!));

        public static async Task<Pair> StartAsync(Servers servers, string name)
        {
            var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
            var primary = new PostgresServer(Directory.CreateDirectory(Path.Combine(folder, "a")).FullName, FreePort.Take());
            await primary.StartAsync();
            var stage = await Stage.SetAsync(servers, primary);
            var standby = await Standby.OfAsync(primary, Directory.CreateDirectory(Path.Combine(folder, "b")).FullName);
            var worker = stage.Start($"--Postgres:ConnectionString=Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Username=ingest;Database={new NpgsqlConnectionStringBuilder(stage.Postgres.ConnectionString).Database}",
                "--Ingest:BatchSize=50", "--Ingest:Doors=rabbitmq");
            await worker.ReadyAsync();
            return new Pair(primary, standby, stage);
        }

        public Task PublishAsync(IEnumerable<BetCommand> commands) => stage.Rabbit.PublishAsync(Stage.Encoded(commands));

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

        public Task AppliedOnPrimaryAsync(int count) => Deadline.UntilAsync($"{count} commands on the primary", TimeSpan.FromSeconds(60), async () =>
            (long)(await OnPrimaryAsync("SELECT count(*) FROM commands"))! >= count);

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
            await Deadline.UntilAsync("a batch on the new primary", TimeSpan.FromSeconds(30), async () => await OnStandbyAsync<long>("SELECT count(*) FROM commands") > had);
            return _promoted.Elapsed;
        }

        public Task AppliedOnStandbyAsync(BetCommand[] commands) => Deadline.UntilAsync($"outcomes of {commands.Length} commands on the new primary", TimeSpan.FromSeconds(60), async () =>
        {
            await using var count = StandbySource.CreateCommand("SELECT count(*) FROM commands WHERE command_id = ANY($1)");
            count.Parameters.AddWithValue(commands.Select(command => command.Id).ToArray());
            return (long)(await count.ExecuteScalarAsync())! == commands.Length;
        });

        public Task NothingQueuedAsync() => Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () => await stage.Rabbit.CountAsync(Contracts.Topics.Commands) == 0);

        public async ValueTask DisposeAsync()
        {
            await stage.DisposeAsync();
            await StandbySource.DisposeAsync();
            await standby.DisposeAsync();
            await primary.DisposeAsync();
        }
    }
}
