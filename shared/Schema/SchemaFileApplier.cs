using System.Text.RegularExpressions;
using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Applies files. ClickHouse has no lock that would keep a second process away, and a process can stand still between any two statements
/// while another one applies this file and later ones. So each statement is preceded by the question whether the file is recorded.
/// </summary>
/// <param name="client">The database.</param>
/// <param name="record">The files that were applied.</param>
/// <param name="cluster">The cluster's name; null for one server.</param>
sealed partial class SchemaFileApplier(ClickHouseClient client, SchemaRecord record, string? cluster)
{
    const int TableExists = 57,
        UnknownTable = 60,
        ThrowIfIsTrue = 395;

    const int Attempts = 5;

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Applies and records a numbered file, up to the statement before which another process has recorded it.</summary>
    /// <returns>True if this process applied the file.</returns>
    /// <exception cref="SchemaException">The file was recorded with other content.</exception>
    public async Task<bool> ApplyOnceAsync(SchemaFile file, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ApplyToTheEndAsync(file, cancellation);
            }
            catch (ClickHouseServerException failure) when (attempt < Attempts && failure.ErrorCode is (TableExists or UnknownTable))
            {
                // Another process is at the same file, and has dropped or created what this statement needs.
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }
        }
    }

    async Task<bool> ApplyToTheEndAsync(SchemaFile file, CancellationToken cancellation)
    {
        foreach (var statement in file.Statements(cluster))
        {
            if (await record.HasAsync(file, cancellation))
            {
                return false;
            }
            try
            {
                await client.ExecuteNonQueryAsync(Guarded(statement, file), cancellationToken: cancellation);
            }
            catch (ClickHouseServerException refused) when (refused.ErrorCode == ThrowIfIsTrue)
            {
                return await record.HasAsync(file, cancellation)
                    ? false
                    : throw new SchemaException($"{file.Name}: {refused.Message}", refused);
            }
        }
        if (await record.HasAsync(file, cancellation))
        {
            return false;
        }
        await record.AddAsync(file, cancellation);
        return true;
    }

    /// <summary>Applies and records a file that may be applied as often as one likes.</summary>
    public async Task ApplyAsync(SchemaFile file, CancellationToken cancellation)
    {
        foreach (var statement in file.Statements(cluster))
        {
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
        }
        await record.AddAsync(file, cancellation);
    }

    /// <summary>
    /// A table that replaces one with the same rows would take columns and rows away that later files and the workers have added, and
    /// nothing could bring them back. So the server asks once more, within the statement. What replaces a view can be mended: see
    /// <see cref="ViewCheck"/>.
    /// </summary>
    internal static string Guarded(string statement, SchemaFile file) =>
        ReplacesTable().IsMatch(statement)
            ? $"{statement}\nWHERE (SELECT throwIf(count() > 0, 'The file was applied meanwhile') FROM {SchemaRecord.Table} WHERE name = "
                + $"'{file.Name}') = 0"
            : statement;

    [GeneratedRegex(@"^(?:--[^\n]*\n|\s)*CREATE OR REPLACE TABLE ")]
    private static partial Regex ReplacesTable();
}
