using Npgsql;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>The database of one measurement; dropped when it is disposed.</summary>
sealed class BenchDatabase : IAsyncDisposable
{
    readonly Func<Task> _drop;

    public BenchDatabase(string admin, Func<Task> drop)
    {
        _drop = drop;
        Admin = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(admin) { MaxPoolSize = 2, CommandTimeout = 600 });
        IngestConnection = new NpgsqlConnectionStringBuilder(admin) { Username = "ingest" }.ConnectionString;
    }

    /// <summary>The superuser, for reading results.</summary>
    public NpgsqlDataSource Admin { get; }

    /// <summary>Connection string of the role that the worker has, and every limit too.</summary>
    public string IngestConnection { get; }

    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Admin.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await _drop();
    }
}
