using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>Creates lost summaries again and refuses to go on without anything else that is lost.</summary>
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
        foreach (var fault in faults)
        {
            if (!fault.IsMissing)
            {
                await RunAsync($"DROP TABLE IF EXISTS {fault.Lost.Name}{on} SYNC", cancellation);
            }
            await RunAsync(fault.Lost.Statement, cancellation);
        }
        var created = faults.Select(fault => fault.Lost.Name).ToList();
        await RefreshAsync(objects.Where(each => each.Fills is { } table && created.Contains(table) && !created.Contains(each.Name)), cancellation);
        return created;
    }

    /// <summary>Refuses a database that has tables of the schema and no record of the files that made them: each file would run again.</summary>
    /// <exception cref="SchemaException">It is such a database.</exception>
    public async Task RequireRecordAsync(string recordTable, IReadOnlyList<SchemaObject> objects, CancellationToken cancellation)
    {
        var faults = await SchemaCheck.FaultsAsync(client, objects, cancellation);
        var lost = faults.Where(fault => fault.Lost.Name == recordTable && (!fault.IsMissing || faults.Count < objects.Count));
        Refuse(lost);
    }

    // A new view fills its table at once; one that stayed would wait for its time. On a cluster each server waits for it.
    async Task RefreshAsync(IEnumerable<SchemaObject> views, CancellationToken cancellation)
    {
        foreach (var view in on.Length == 0 ? views : [])
        {
            await RunAsync($"SYSTEM REFRESH VIEW {view.Name}", cancellation);
        }
    }

    Task<int> RunAsync(string statement, CancellationToken cancellation) => client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);

    static void Refuse(IEnumerable<SchemaFault> faults)
    {
        var lost = string.Join("; ", faults.Select(fault => fault.Text));
        if (lost.Length > 0)
        {
            throw new SchemaException($"{lost}. Nothing was created in its place: see {SchemaCheck.Runbook}");
        }
    }
}
