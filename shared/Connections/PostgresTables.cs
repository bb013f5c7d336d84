namespace Betting.Connections;

/// <summary>A table that PostgreSQL does not keep or show whole.</summary>
/// <param name="Name">Its name; that of a partition where that one differs.</param>
/// <param name="IsDurable">False where it is UNLOGGED: PostgreSQL empties it when it recovers from a crash.</param>
/// <param name="HidesRows">True where row-level security applies to the role that asks.</param>
/// <param name="HidesCapturedRows">
/// True where it applies to the connector's role <c>replicator</c>, is captured, and a read of that role would not fail.
/// </param>
public readonly record struct PartialTable(string Name, bool IsDurable = true, bool HidesRows = false, bool HidesCapturedRows = false);

/// <summary>Looks at how PostgreSQL keeps the tables of the schema, and whether it shows all of their rows.</summary>
static class PostgresTables
{
    static readonly string[] Names =
    [
        "users",
        "wallets",
        "events",
        "bets",
        "commands",
        "commands_archive",
        "command_conflicts",
        "ledger_entries",
        "parked_commands",
        "releases",
        "dead_letters",
        "kafka_places",
        "watermark_chain",
        "reconciliation_runs",
        "reconciliation_findings",
    ];

    // A table that is no partition has itself alone in its tree, or nothing.
    const string Query = """
        SELECT part::text, c.relpersistence <> 'u', row_security_active(part) AND has_table_privilege(part, 'SELECT'), hides_captured
        FROM unnest($1) AS name,
            LATERAL (SELECT to_regclass(name) UNION SELECT relid FROM pg_partition_tree(to_regclass(name))) AS parts (part)
        JOIN pg_class c ON c.oid = part,
        LATERAL (SELECT name IN ('users', 'events', 'bets') AND c.relrowsecurity AND EXISTS (
            SELECT FROM pg_roles r WHERE r.rolname = 'replicator' AND NOT r.rolsuper AND NOT r.rolbypassrls AND NOT EXISTS (
                SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.datname = current_database()
                WHERE s.setrole = r.oid AND s.setdatabase IN (0, d.oid) AND 'row_security=off' = ANY (s.setconfig)))
        ) AS capture (hides_captured)
        WHERE c.relpersistence = 'u' OR row_security_active(part) AND has_table_privilege(part, 'SELECT') OR hides_captured
        """;

    /// <summary>Those that are not as they should be, of the tables that are there.</summary>
    public static async Task<List<PartialTable>> ReadAsync(PostgresSource postgres, CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(Query, cancellation);
        command.Parameters.AddWithValue(Names);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<PartialTable>();
        while (await rows.ReadAsync(cancellation))
        {
            found.Add(new PartialTable(rows.GetString(0), rows.GetBoolean(1), rows.GetBoolean(2), rows.GetBoolean(3)));
        }
        return found;
    }
}
