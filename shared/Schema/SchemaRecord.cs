using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Schema;

/// <summary>A file that was applied.</summary>
/// <param name="Hash">SHA-256 of its text.</param>
/// <param name="At">When it was last applied, by ClickHouse's clock.</param>
sealed record AppliedFile(string Hash, DateTime At);

/// <summary>The table of the files that were applied, by this process or by another one.</summary>
sealed class SchemaRecord(ClickHouseClient client)
{
    public const string Table = "schema_files";

    public const string Definition = $"""
        CREATE TABLE IF NOT EXISTS {Table}
        (
            name String COMMENT 'Name of the file',
            hash String COMMENT 'SHA-256 of its text',
            applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
        )
        ENGINE = MergeTree ORDER BY name COMMENT 'Files of the schema that were applied'
        """;

    /// <summary>The files by their names.</summary>
    public async Task<IReadOnlyDictionary<string, AppliedFile>> ReadAsync(CancellationToken cancellation)
    {
        var applied = new Dictionary<string, AppliedFile>(StringComparer.Ordinal);
        const string Sql = $"SELECT name, argMax(hash, applied_at), max(applied_at) FROM {Table} GROUP BY name";
        await using var reader = await client.ExecuteReaderAsync(Sql, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            applied[reader.GetString(0)] = new AppliedFile(reader.GetString(1), reader.GetDateTime(2));
        }
        return applied;
    }

    /// <summary>True if the numbered file was applied.</summary>
    /// <exception cref="SchemaException">It was applied with other content.</exception>
    public async Task<bool> HasAsync(SchemaFile file, CancellationToken cancellation)
    {
        var hash = await client.ExecuteScalarAsync(
            $"SELECT argMax(hash, applied_at) FROM {Table} WHERE name = {{name:String}}",
            Parameters(file),
            cancellationToken: cancellation
        );
        if (hash is not string { Length: > 0 } known)
        {
            return false;
        }
        Require(file, known);
        return true;
    }

    public Task AddAsync(SchemaFile file, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync(
            $"INSERT INTO {Table} (name, hash) SELECT {{name:String}}, {{hash:String}}",
            Parameters(file),
            cancellationToken: cancellation
        );

    /// <exception cref="SchemaException">The file was applied with other content than this program has.</exception>
    public static void Require(SchemaFile file, string hash)
    {
        if (hash != file.Hash)
        {
            throw new SchemaException(
                $"{file.Name} was applied with other content; write a new numbered file instead of changing an old one."
            );
        }
    }

    static ClickHouseParameterCollection Parameters(SchemaFile file)
    {
        var row = new ClickHouseParameterCollection();
        row.AddParameter("name", file.Name);
        row.AddParameter("hash", file.Hash);
        return row;
    }
}
