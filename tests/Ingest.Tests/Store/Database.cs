using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Ingest.Parking;
using Betting.Ingest.Postgres;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Failures;
using Betting.Tests.Ingest.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Tests.Ingest.Store;

/// <summary>A migrated database of its own, and batches applied to it as the role <c>ingest</c>.</summary>
sealed class Database : IAsyncDisposable
{
    readonly IngestMetrics _metrics = new(TimeProvider.System);

    readonly IOptions<IngestOptions> _options;
    readonly MovedTime _time;
    TimeSpan _jumped;

    Database(string connectionString, IngestOptions options, TimeProvider clock, string settings)
    {
        (_options, _time) = (Options.Create(options), new MovedTime(clock));
        ConnectionString = connectionString;
        Admin = NpgsqlDataSource.Create(connectionString);
        Ingest = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder($"{connectionString};{settings}") { Username = "ingest", SearchPath = ServerClock.SearchPath }
        );
        Clock = NewClock();
        Transaction = NewTransaction(Clock);
    }

    public string ConnectionString { get; }
    public NpgsqlDataSource Admin { get; }
    public NpgsqlDataSource Ingest { get; }

    /// <summary>PostgreSQL's clock as <see cref="Transaction"/> uses it.</summary>
    public CheckedClock Clock { get; }

    public BatchTransaction Transaction { get; }

    /// <summary>Transactions of the role <c>ingest</c>.</summary>
    public DurableTransactions Transactions => Of(Ingest);

    public static async Task<Database> CreateAsync(
        Servers servers,
        IngestOptions? options = null,
        TimeProvider? clock = null,
        string settings = ""
    ) => await CreateAsync(await servers.PostgresAsync(), options, clock, settings);

    public static async Task<Database> CreateAsync(
        PostgresServer server,
        IngestOptions? options = null,
        TimeProvider? clock = null,
        string settings = ""
    )
    {
        var empty = await TestDatabase.CreateAsync(server);
        // The test server trusts everybody; a password is what lets the role log in.
        await PostgresMigrator.MigrateAsync(
            empty,
            new Dictionary<string, string> { ["ingest"] = "ingest" },
            NullLogger.Instance,
            CancellationToken.None
        );
        return new Database(empty, options ?? new IngestOptions(), clock ?? TimeProvider.System, settings);
    }

    public Task<Outcome[]> ApplyAsync(params BetCommand[] commands) =>
        Transaction.ApplyAsync([.. commands.Select(command => new HashedCommand(command))], CancellationToken.None);

    /// <summary>Transactions of another worker; what they meet is told to nobody.</summary>
    public static DurableTransactions Of(NpgsqlDataSource postgres, Readiness? readiness = null) =>
        new(
            postgres,
            new CommitWatch(postgres, Availability.Outages(readiness ?? new Readiness()), new StoreFailures([]), TimeProvider.System)
        );

    /// <summary>What a worker knows of PostgreSQL's clock when it starts.</summary>
    public CheckedClock NewClock() => new(_options, _metrics, _time);

    /// <summary>The transactions of another worker.</summary>
    public BatchTransaction NewTransaction(CheckedClock clock) => new(Ingest, Transactions, _options, clock, _metrics, _time);

    /// <summary>Rejects what is due, as the parked loop does.</summary>
    /// <returns>How many commands were rejected.</returns>
    public async Task<long> RejectDueAsync()
    {
        var (due, rejected) = (new DueRejection(Ingest, Transactions, Clock, _metrics), 0L);
        while (await due.RejectSomeAsync(CancellationToken.None) is { } some)
        {
            rejected += some;
        }
        return rejected;
    }

    /// <summary>Lets time pass, by PostgreSQL's clock as Ingest reads it and by this process's.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        _time.Passed += by;
        await ServerClock.SetAsync(Admin, _time.Passed + _jumped);
    }

    /// <summary>Sets PostgreSQL's clock, as Ingest reads it; no time passes.</summary>
    public async Task JumpAsync(TimeSpan by)
    {
        _jumped += by;
        await ServerClock.SetAsync(Admin, _time.Passed + _jumped);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Admin.CreateCommand(sql);
        // Some tests make millions of rows.
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Admin.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await Ingest.DisposeAsync();
        _metrics.Dispose();
    }
}
