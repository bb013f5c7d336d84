using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Schema;

/// <summary>docs/schema.md names the plan of each query; PostgreSQL has to make the same.</summary>
public sealed partial class PlanTests(PlanTests.Filled filled) : IClassFixture<PlanTests.Filled>
{
    public static TheoryData<string, string> Documented()
    {
        var data = new TheoryData<string, string>();
        foreach (Match query in QueryWithPlan().Matches(File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "schema.md"))))
        {
            data.Add(query.Groups["sql"].Value, query.Groups["plan"].Value.Trim());
        }
        return data;
    }

    [Theory, MemberData(nameof(Documented))]
    public async Task A_documented_query_has_the_documented_plan(string query, string plan)
    {
        await using var connection = await filled.Database.Admin.OpenConnectionAsync();
        // Parallel plans depend on the machine; which index is used does not.
        await using (var settings = new NpgsqlCommand("SET max_parallel_workers_per_gather = 0; SET TimeZone = 'UTC'", connection))
        {
            await settings.ExecuteNonQueryAsync();
        }
        await using var explain = new NpgsqlCommand("EXPLAIN (COSTS OFF) " + query, connection);
        await using var rows = await explain.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await rows.ReadAsync())
        {
            lines.Add(rows.GetString(0));
        }

        Assert.Equal(plan, string.Join('\n', lines).Trim());
    }

    [GeneratedRegex("```sql\n(?<sql>.*?)```\n```plan\n(?<plan>.*?)```", RegexOptions.Singleline)]
    private static partial Regex QueryWithPlan();

    /// <summary>Months of bets, most of them settled, and the statistics that PostgreSQL plans with.</summary>
    public sealed class Filled(Servers servers) : IAsyncLifetime
    {
        const string Rows = """
            INSERT INTO bets SELECT n, 1 + (n * 7919) % 1000, 1 + n / 400, CASE WHEN n > 195000 THEN 'OPEN' ELSE 'SETTLED' END, 10, NULL,
                timestamptz '2025-08-01 00:00Z' + n * interval '80 seconds', NULL FROM generate_series(1, 200000) n;
            INSERT INTO commands SELECT lpad(to_hex(n), 32, '0')::uuid, 'place-bet', sha256(n::text::bytea), 'accepted', NULL, n, n, n,
                now(), now()
                FROM generate_series(1, 50000) n;
            INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at)
                SELECT lpad(to_hex(n), 32, '0')::uuid, a, 1 + (n * 7919) % 1000, nullif(n, n / 20 * 20), 1, now() FROM generate_series(1,
                50000) n, unnest(ARRAY['wallet', 'stakes']) a;
            INSERT INTO parked_commands SELECT lpad(to_hex(n), 32, '0')::uuid, 'event', 1 + n % 200, '{}', NULL, now(), now(), now()
            FROM generate_series(1, 5000) n;
            """;

        internal Database Database { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Database = await Database.CreateAsync(servers);
            foreach (
                var statement in new[]
                {
                    Rows,
                    "VACUUM ANALYZE bets",
                    "VACUUM ANALYZE commands",
                    "VACUUM ANALYZE ledger_entries",
                    "VACUUM ANALYZE parked_commands",
                }
            )
            {
                await using var command = Database.Admin.CreateCommand(statement);
                await command.ExecuteNonQueryAsync();
            }
        }

        public ValueTask DisposeAsync() => Database.DisposeAsync();
    }
}
