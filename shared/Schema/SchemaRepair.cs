using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Creates lost summaries and views with another definition again, and refuses to go on without anything else that is lost.
/// </summary>
/// <param name="client">The database.</param>
/// <param name="on">The clause <c> ON CLUSTER …</c>; empty for one server.</param>
sealed class SchemaRepair(ClickHouseClient client, string on)
{
    /// <summary>The names of the summaries that were created again.</summary>
    /// <param name="objects">What should be there.</param>
    /// <param name="cancellation">Ends it between two statements.</param>
    /// <exception cref="SchemaException">Something else is lost. Nothing was changed.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(IReadOnlyList<SchemaObject> objects, CancellationToken cancellation)
    {
        var faults = await SchemaCheck.FaultsAsync(client, objects, cancellation);
        Refuse(faults.Where(fault => fault.Lost.Kind != SchemaObjectKind.Summary));
        return await CreateAsync(faults, objects, cancellation);
    }

    /// <summary>
    /// The names of the views and summaries that had another definition and were created again, from the last file that defines each.
    /// </summary>
    /// <param name="objects">What should be there.</param>
    /// <param name="cancellation">Ends it between two statements.</param>
    /// <exception cref="SchemaException">
    /// A feed or a table differs: what passed it meanwhile is not where it should be. Nothing was changed. Or another process changed a
    /// view again at the same time.
    /// </exception>
    public async Task<IReadOnlyList<string>> ReplaceAsync(IReadOnlyList<SchemaObject> objects, CancellationToken cancellation)
    {
        var check = new ViewCheck(client, objects);
        var faults = await check.FaultsAsync(cancellation);
        if (faults.Count == 0)
        {
            return [];
        }
        Refuse(faults.Where(fault => !IsReplaced(fault)));
        var created = await CreateAsync(faults, objects, cancellation);
        var left = string.Join("; ", (await check.FaultsAsync(cancellation)).Select(fault => fault.Text));
        return left.Length == 0
            ? created
            : throw new SchemaException(
                $"{left}, also after it was created again: does another process migrate this database? Run migrate again: see "
                    + $"{SchemaCheck.Runbook}"
            );
    }

    /// <summary>
    /// Refuses a database that has tables of the schema and no record of the files that made them: each file would run again.
    /// </summary>
    /// <exception cref="SchemaException">It is such a database.</exception>
    public async Task RequireRecordAsync(string recordTable, IReadOnlyList<SchemaObject> objects, CancellationToken cancellation)
    {
        var faults = await SchemaCheck.FaultsAsync(client, objects, cancellation);
        var lost = faults.Where(fault => fault.Lost.Name == recordTable && (!fault.IsMissing || faults.Count < objects.Count));
        Refuse(lost);
    }

    // A table that stands in place of a view may hold rows that somebody needs.
    static bool IsReplaced(SchemaFault fault) =>
        fault.Lost.Kind == SchemaObjectKind.Summary
        || (fault.Lost.Kind == SchemaObjectKind.View && fault.Kind == SchemaFaultKind.OtherDefinition);

    async Task<List<string>> CreateAsync(
        IReadOnlyList<SchemaFault> faults,
        IReadOnlyList<SchemaObject> objects,
        CancellationToken cancellation
    )
    {
        foreach (var fault in faults)
        {
            if (!fault.IsMissing && fault.Lost.Kind == SchemaObjectKind.Summary)
            {
                await RunAsync($"DROP TABLE IF EXISTS {fault.Lost.Name}{on} SYNC", cancellation);
            }
            await RunAsync(fault.Lost.Statement, cancellation);
        }
        var created = faults.Select(fault => fault.Lost.Name).ToList();
        await RefreshAsync(
            objects.Where(each => each.Fills is { } table && created.Contains(table) && !created.Contains(each.Name)),
            cancellation
        );
        return created;
    }

    // A new view fills its table at once; one that stayed would wait for its time. On a cluster each server waits for it.
    async Task RefreshAsync(IEnumerable<SchemaObject> views, CancellationToken cancellation)
    {
        foreach (var view in on.Length == 0 ? views : [])
        {
            await RunAsync($"SYSTEM REFRESH VIEW {view.Name}", cancellation);
        }
    }

    Task<int> RunAsync(string statement, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);

    static void Refuse(IEnumerable<SchemaFault> faults)
    {
        var lost = string.Join("; ", faults.Select(fault => fault.Text));
        if (lost.Length > 0)
        {
            throw new SchemaException($"{lost}. Nothing was created in its place: see {SchemaCheck.Runbook}");
        }
    }
}
