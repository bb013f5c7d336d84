using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Store;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Tests.Ingest.Store;

/// <summary>A migrated database of its own, and batches applied to it as the role <c>ingest</c>.</summary>
sealed class Database : IAsyncDisposable
{
    readonly IngestMetrics _metrics = new(TimeProvider.System);

    TimeSpan _ahead;

    Database(string connectionString, IngestOptions options, TimeProvider clock, string settings)
    {
        ConnectionString = connectionString;
        Admin = NpgsqlDataSource.Create(connectionString);
        Ingest = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder($"{connectionString};{settings}") { Username = "ingest", SearchPath = ClockPath });
        Transaction = new BatchTransaction(Ingest, Options.Create(options), _metrics, clock);
    }

    /// <summary>A search path in which a clock that a test has set stands before PostgreSQL's own.</summary>
    public const string ClockPath = "clock,pg_catalog,public";

    public string ConnectionString { get; }
    public NpgsqlDataSource Admin { get; }
    public NpgsqlDataSource Ingest { get; }
    public BatchTransaction Transaction { get; }

    public static async Task<Database> CreateAsync(Servers servers, IngestOptions? options = null, TimeProvider? clock = null, string settings = "") =>
        await CreateAsync(await servers.PostgresAsync(), options, clock, settings);

    public static async Task<Database> CreateAsync(PostgresServer server, IngestOptions? options = null, TimeProvider? clock = null, string settings = "")
    {
        var empty = await TestDatabase.CreateAsync(server);
        // The test server trusts everybody; a password is what lets the role log in.
        await PostgresMigrator.MigrateAsync(empty, new Dictionary<string, string> { ["ingest"] = "ingest" }, NullLogger.Instance, CancellationToken.None);
        return new Database(empty, options ?? new IngestOptions(), clock ?? TimeProvider.System, settings);
    }

    public Task<Outcome[]> ApplyAsync(params BetCommand[] commands) =>
        Transaction.ApplyAsync([.. commands.Select(command => new HashedCommand(command))], CancellationToken.None);

    /// <summary>Rejects what is due, as the parked loop does.</summary>
    /// <returns>How many commands were rejected.</returns>
    public async Task<long> RejectDueAsync()
    {
        var (due, rejected) = (new DueRejection(Ingest, _metrics), 0L);
        while (await due.RejectSomeAsync(CancellationToken.None) is { } some)
        {
            rejected += some;
        }
        return rejected;
    }

    /// <summary>Moves PostgreSQL's clock, as Ingest reads it.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        _ahead += by;
        await ExecuteAsync(FormattableString.Invariant($"""
            CREATE SCHEMA IF NOT EXISTS clock;
            GRANT USAGE ON SCHEMA clock TO ingest;
            CREATE OR REPLACE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                AS 'SELECT pg_catalog.clock_timestamp() + make_interval(secs => {_ahead.TotalSeconds})';
            """));
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
