using ClickHouse.Driver;
using Npgsql;

namespace Betting.Local.Cluster.Proof;

/// <summary>
/// PostgreSQL = ClickHouse, row for row: both sides as text in the order of the ids, merged. Written apart from the
/// Reconciler on purpose, so that one can show the other's mistakes.
/// </summary>
static class RowProof
{
    const int MostOffenders = 5;

    /// <summary>Whether PostgreSQL and ClickHouse have the same rows now.</summary>
    public static async Task<Invariant> CheckAsync(NpgsqlDataSource postgres, ClickHouseClient clickHouse, ComparedRows rows)
    {
        await using var left = await RowsOfPostgresAsync(postgres, rows.Postgres);
        await using var right = await clickHouse.ExecuteReaderAsync(rows.ClickHouse);
        var (equal, offenders) = (0L, new List<string>());
        var (hasLeft, hasRight) = (await left.ReadAsync(), await right.ReadAsync());
        while ((hasLeft || hasRight) && offenders.Count < MostOffenders)
        {
            var order =
                !hasLeft ? 1
                : !hasRight ? -1
                : left.GetInt64(0).CompareTo(right.GetInt64(0));
            if (order < 0)
            {
                offenders.Add($"{rows.What} {left.GetInt64(0)} is missing in ClickHouse");
            }
            else if (order > 0)
            {
                offenders.Add($"{rows.What} {right.GetInt64(0)} is only in ClickHouse");
            }
            else if (!string.Equals(left.GetString(1), right.GetString(1), StringComparison.Ordinal))
            {
                offenders.Add($"{rows.What} {left.GetInt64(0)}: PostgreSQL {left.GetString(1)}, ClickHouse {right.GetString(1)}");
            }
            else
            {
                equal++;
            }
            hasLeft = order <= 0 ? await left.ReadAsync() : hasLeft;
            hasRight = order >= 0 ? await right.ReadAsync() : hasRight;
        }
        return offenders.Count == 0
            ? new Invariant(rows.Name, true, $"{equal:N0} {rows.What}s")
            : new Invariant(rows.Name, false, string.Join("; ", offenders));
    }

    static async Task<NpgsqlDataReader> RowsOfPostgresAsync(NpgsqlDataSource postgres, string sql)
    {
        var command = postgres.CreateCommand(sql);
        command.CommandTimeout = 600;
        return await command.ExecuteReaderAsync();
    }
}
