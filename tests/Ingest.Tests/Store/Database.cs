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

    Database(string connectionString, IngestOptions options, TimeProvider clock)
    {
        ConnectionString = connectionString;
        Admin = NpgsqlDataSource.Create(connectionString);
        Ingest = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Username = "ingest" });
        Transaction = new BatchTransaction(Ingest, Options.Create(options), _metrics, clock);
    }

    public string ConnectionString { get; }
    public NpgsqlDataSource Admin { get; }
    public NpgsqlDataSource Ingest { get; }
    public BatchTransaction Transaction { get; }

    public static async Task<Database> CreateAsync(Servers servers, IngestOptions? options = null, TimeProvider? clock = null) =>
        await CreateAsync(await servers.PostgresAsync(), options, clock);

    public static async Task<Database> CreateAsync(PostgresServer server, IngestOptions? options = null, TimeProvider? clock = null)
    {
        var empty = await TestDatabase.CreateAsync(server);
        // The test server trusts everybody; a password is what lets the role log in.
        await PostgresMigrator.MigrateAsync(empty, new Dictionary<string, string> { ["ingest"] = "ingest" }, NullLogger.Instance, CancellationToken.None);
        return new Database(empty, options ?? new IngestOptions(), clock ?? TimeProvider.System);
    }

    public Task<Outcome[]> ApplyAsync(params BetCommand[] commands) =>
        Transaction.ApplyAsync([.. commands.Select(command => new HashedCommand(command))], CancellationToken.None);

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
