using ClickHouse.Driver;
using Npgsql;

namespace Betting.Local.Cluster.Proof;

/// <summary>
/// PostgreSQL = ClickHouse, row for row: both sides as text in the order of the bet's id, merged. Written apart from the
/// Reconciler on purpose, so that one can show the other's mistakes.
/// </summary>
static class RowProof
{
    public const string Name = "PostgreSQL = ClickHouse, row for row";

    // Times outside of 1900–2299, infinity among them, are shown as the first or last moment of these years.
    static readonly string Postgres = $"""
        SELECT b.id, concat_ws('|', b.status, b.amount, coalesce(b.payout::text, '~'), {Micros("b.placed_at")},
               coalesce({Micros("b.settled_at")}::text, '~'),
               b.user_id, coalesce(u.name, ''), coalesce({Micros("u.created_at")}::text, '~'),
               b.event_id, coalesce(e.name, ''), coalesce(e.category, ''), coalesce({Micros("e.start_time")}::text, '~'),
               coalesce(e.status, ''))
        FROM bets b LEFT JOIN users u ON u.id = b.user_id LEFT JOIN events e ON e.id = b.event_id ORDER BY b.id
        """;

    const string ClickHouse = """
        SELECT bet_id, concat(toString(bet_status), '|', toDecimalString(bet_amount, 2), '|', ifNull(toDecimalString(payout, 2), '~'), '|',
               toString(toUnixTimestamp64Micro(placed_at)), '|', ifNull(toString(toUnixTimestamp64Micro(settled_at)), '~'), '|',
               toString(user_id), '|', user_name, '|', ifNull(toString(toUnixTimestamp64Micro(user_created_at)), '~'), '|',
               toString(event_id), '|', event_name, '|', event_category, '|', ifNull(toString(toUnixTimestamp64Micro(event_start_time)), '~'), '|',
               toString(event_status))
        FROM bets_analytics ORDER BY bet_id
        """;

    public static async Task<Invariant> CheckAsync(NpgsqlDataSource postgres, ClickHouseClient clickHouse)
    {
        await using var left = await RowsOfPostgresAsync(postgres);
        await using var right = await clickHouse.ExecuteReaderAsync(ClickHouse);
        var (rows, offenders) = (0L, new List<string>());
        var (hasLeft, hasRight) = (await left.ReadAsync(), await right.ReadAsync());
        while ((hasLeft || hasRight) && offenders.Count < 5)
        {
            var leftId = hasLeft ? left.GetInt64(0) : long.MaxValue;
            var rightId = hasRight ? Convert.ToInt64(right.GetValue(0), null) : long.MaxValue;
            if (leftId == rightId)
            {
                rows++;
                var (expected, found) = (left.GetString(1), right.GetString(1));
                if (!string.Equals(expected, found, StringComparison.Ordinal))
                {
                    offenders.Add($"bet {leftId}: PostgreSQL {expected}, ClickHouse {found}");
                }
            }
            else
            {
                offenders.Add(leftId < rightId ? $"bet {leftId} is missing in ClickHouse" : $"bet {rightId} is only in ClickHouse");
            }
            var (takeLeft, takeRight) = (leftId <= rightId, rightId <= leftId);
            hasLeft = takeLeft ? await left.ReadAsync() : hasLeft;
            hasRight = takeRight ? await right.ReadAsync() : hasRight;
        }
        return new Invariant(Name, offenders.Count == 0,
            offenders.Count == 0 ? $"{rows:N0} bets with their users and events" : string.Join("; ", offenders));
    }

    // Without CASE, greatest() would make a moment of NULL.
    static string Micros(string time) =>
        $"CASE WHEN {time} IS NOT NULL THEN (extract(epoch FROM least(greatest({time}, '1900-01-01Z'), '2299-12-31 23:59:59.999999Z')) * 1000000)::bigint END";

    static async Task<NpgsqlDataReader> RowsOfPostgresAsync(NpgsqlDataSource postgres)
    {
        var command = postgres.CreateCommand(Postgres);
        command.CommandTimeout = 600;
        return await command.ExecuteReaderAsync();
    }
}
