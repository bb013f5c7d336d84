using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Betting.Ingest.Replies;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Postgres;

/// <summary>Commits on a server whose synchronous standby never comes.</summary>
public sealed class DurableTransactionTests(DurableTransactionTests.Alone alone) : IClassFixture<DurableTransactionTests.Alone>
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_has_no_time_limit_of_the_client_and_none_of_the_server()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt, settings: "Command Timeout=1");
        await database.ExecuteAsync("ALTER ROLE ingest SET statement_timeout = '1s'");
        try
        {
            // Ended before the role is set back, which is a commit too.
            await using var waiting = await alone.AwaitStandbyAsync(database);
            var applied = database.ApplyAsync(Given.Register());

            await waiting.CommitAsync(TimeSpan.FromSeconds(5));
            Assert.False(applied.IsCompleted);
            await waiting.EndAsync();

            Assert.Equal([Outcome.Accepted], await applied.WaitAsync(TimeSpan.FromSeconds(30), Test));
        }
        finally
        {
            await database.ExecuteAsync("ALTER ROLE ingest RESET statement_timeout");
        }
    }

    [Fact]
    public async Task A_wait_that_an_operator_ends_is_no_commit_and_a_dead_letter_is_not_aside_after_it()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt);
        await using var waiting = await alone.AwaitStandbyAsync(database);
        var letter = new DeadLetter(new Delivery("{"u8.ToArray(), "{"u8.ToArray(), "test"), Refusal.Document, "test", DateTime.UnixEpoch);
        var stored = new DeadLetterTable(database.Transactions).InsertAsync("test", [letter], Test);

        await database.ExecuteAsync($"SELECT pg_cancel_backend({await waiting.CommitAsync()})");

        await Assert.ThrowsAsync<CommitNotKnownException>(() => stored.WaitAsync(TimeSpan.FromSeconds(30), Test));
        Assert.False(letter.IsAside);
    }

    [Fact]
    public async Task Commands_that_are_known_already_wait_for_the_standby_and_so_do_conflicts_and_first_outcomes()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt);
        var deposit = Given.Deposit(1_00);
        var conflict = deposit with { Amount = Given.Deposit(2_00).Amount };
        var outcomes = await database.ApplyAsync(Given.Register(), deposit, conflict);
        Assert.Equal([Outcome.Accepted, Outcome.Accepted, new Outcome(OutcomeKind.Conflict)], outcomes);
        await using var waiting = await alone.AwaitStandbyAsync(database);

        var again = database.ApplyAsync(deposit, conflict);
        await waiting.CommitAsync(TimeSpan.FromSeconds(1));
        var first = new FirstOutcomes(database.Transactions).ReadAsync([deposit.Id], Test);
        await waiting.CommitsAsync(2);
        Assert.False(again.IsCompleted || first.IsCompleted);
        await waiting.EndAsync();

        outcomes = await again.WaitAsync(TimeSpan.FromSeconds(30), Test);
        Assert.Equal([new Outcome(OutcomeKind.Duplicate), new Outcome(OutcomeKind.Conflict)], outcomes);
        Assert.Equal("accepted", Assert.Single((await first.WaitAsync(TimeSpan.FromSeconds(30), Test)).Values).Outcome);
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM command_conflicts"));
    }

    [Fact]
    public async Task Whoever_leaves_does_not_end_the_commit_and_its_connection_serves_again_after_it()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt, settings: "Maximum Pool Size=1");
        await using var waiting = await alone.AwaitStandbyAsync(database);
        using var leave = new CancellationTokenSource();
        var applied = database.Transaction.ApplyAsync([new HashedCommand(Given.Register())], leave.Token);
        await waiting.CommitAsync();

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => applied.WaitAsync(TimeSpan.FromSeconds(5), Test));
        await waiting.CommitAsync(TimeSpan.FromSeconds(2));
        await waiting.EndAsync();
        Assert.Equal([Outcome.Accepted], await database.ApplyAsync(Given.Deposit(1_00)));
    }

    [Fact]
    public async Task A_connection_that_leads_nowhere_ends_the_wait_once_its_session_is_gone_and_readiness_named_the_standby_before()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt);
        await using var wire = new CutWire(alone.Server.Port);
        var address = new NpgsqlConnectionStringBuilder(database.Ingest.ConnectionString) { Port = wire.Port };
        await using var through = NpgsqlDataSource.Create(address);
        await using var waiting = await alone.AwaitStandbyAsync(database);
        var readiness = new Readiness();
        await using var durable = await Database.Of(through, readiness).BeginAsync(Test);
        var commit = durable.CommitAsync([], Test, hasWritten: false);
        var session = await waiting.CommitAsync();
        await Deadline.UntilAsync("readiness that names the standby", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(readiness.States.Values.Any(state => state.Detail == CommitWatch.WaitsForStandby))
        );

        wire.Stall();
        Assert.False(commit.IsCompleted);
        await database.ExecuteAsync($"SELECT pg_terminate_backend({session})");

        await Assert.ThrowsAsync<CommitNotKnownException>(() => commit.WaitAsync(TimeSpan.FromSeconds(60), Test));
    }

    [Fact]
    public async Task A_wait_at_the_gate_has_a_time_limit_of_the_server()
    {
        await using var database = await Database.CreateAsync(alone.Server, AnyIssuedAt);
        await using var holder = await database.Admin.OpenConnectionAsync(Test);
        await using var hold = new NpgsqlCommand("SELECT pg_advisory_lock(1885434475, 1734440037)", holder);
        await hold.ExecuteNonQueryAsync(Test);

        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            database.ApplyAsync(Given.Register()).WaitAsync(TimeSpan.FromSeconds(30), Test)
        );

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
    }

    /// <summary>A server of its own: the setting holds for all databases.</summary>
    public sealed class Alone(Servers servers) : IAsyncLifetime
    {
        internal PostgresServer Server { get; } =
            new(Directory.CreateDirectory(Path.Combine(servers.Folder, "no-standby")).FullName, FreePort.Take());

        public async ValueTask InitializeAsync() => await Server.StartAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        /// <summary>From now on every commit waits for a standby that there is not.</summary>
        internal async Task<NoStandby> AwaitStandbyAsync(Database database)
        {
            var standby = new NoStandby(database);
            await standby.SetAsync("nobody");
            return standby;
        }
    }

    /// <summary>The wait for a standby that there is not; ended when it is disposed.</summary>
    internal sealed class NoStandby(Database database) : IAsyncDisposable
    {
        /// <summary>Waits until a commit has waited this long.</summary>
        /// <returns>Its process in PostgreSQL.</returns>
        public async Task<int> CommitAsync(TimeSpan atLeast = default)
        {
            await Deadline.UntilAsync("a commit that waits", TimeSpan.FromSeconds(30), async () => await CountAsync(atLeast) > 0);
            return await database.ScalarAsync<int>("SELECT min(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        }

        public Task CommitsAsync(int count) =>
            Deadline.UntilAsync($"{count} commits that wait", TimeSpan.FromSeconds(30), async () => await CountAsync(default) == count);

        public Task EndAsync() => SetAsync("");

        public async ValueTask DisposeAsync() => await EndAsync();

        public async Task SetAsync(string names)
        {
            await database.ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{names}'");
            await database.ExecuteAsync("SELECT pg_reload_conf()");
            await Deadline.UntilAsync("the setting", TimeSpan.FromSeconds(30), async () =>
                await database.ScalarAsync<string>("SELECT current_setting('synchronous_standby_names')") == names
            );
        }

        Task<long> CountAsync(TimeSpan atLeast) =>
            database.ScalarAsync<long>(
                $"""
                SELECT count(*) FROM pg_stat_activity
                WHERE wait_event = 'SyncRep' AND query_start < clock_timestamp() - interval '{atLeast.TotalSeconds} s'
                """
            );
    }
}
