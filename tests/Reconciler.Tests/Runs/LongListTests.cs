using System.Globalization;
using Betting.Tests.Reconciler.Worlds;
using Dapper;

namespace Betting.Tests.Reconciler.Runs;

/// <summary>Lists that are too long for one parameter of ClickHouse's HTTP interface.</summary>
public sealed class LongListTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    [Fact]
    public async Task Twelve_thousand_bets_of_twelve_thousand_days_that_the_view_lost_are_counted_and_listed()
    {
        const long First = 9_000_000_000_000_000_000;
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            INSERT INTO bets (id, user_id, event_id, status, amount, placed_at)
            SELECT @First + n, 1, 1, 'OPEN', 10, timestamptz '1990-01-01 12:00:00+00' + n * interval '1 day' FROM generate_series(0,
                11999) AS n
            """,
            new { First }
        );
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);

        await pipeline.ClickHouse.ExecuteNonQueryAsync("TRUNCATE TABLE bets_analytics_rows");
        (code, output) = await pipeline.ReconcileAsync("--Reconciler:MaxFindings=5000");

        Assert.True(code == 1, output);
        Assert.Contains("12,000", output, StringComparison.Ordinal);
        Assert.Equal(
            5_000,
            await connection.ExecuteScalarAsync<int>(
                "SELECT count(*) FROM reconciliation_findings WHERE part = 'view' AND kind = 'missing' AND run_id = (SELECT max(run_id) "
                    + "FROM reconciliation_runs)"
            )
        );
        // The other tests of the class begin with stores that are equal, in whatever order they run.
        await connection.ExecuteAsync("TRUNCATE bets");
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Twelve_thousand_users_that_were_lost_are_counted_and_listed_and_so_is_one_below_all_ids()
    {
        const long First = 9_200_000_000_000_000_000;
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "INSERT INTO users SELECT @First + n * 1000000007, 'user ' || n, now() FROM generate_series(0::bigint, 19999) AS n",
            new { First }
        );
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);

        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            $"INSERT INTO user_changes SELECT * REPLACE (5 AS id) FROM user_changes AS source WHERE source.id = {First}"
        );
        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            $"ALTER TABLE user_changes DELETE WHERE id BETWEEN {First} AND {First + 11_999 * 1_000_000_007L} SETTINGS mutations_sync = 2"
        );
        (code, output) = await pipeline.ReconcileAsync("--Reconciler:MaxFindings=5000");

        Assert.True(code == 1, output);
        Assert.Contains("differ in 12,001 rows of the table users", output, StringComparison.Ordinal);
        Assert.Equal(
            (4_999, 1),
            await connection.QuerySingleAsync<(int, int)>(
                """
                SELECT count(*) FILTER (WHERE kind = 'missing'), count(*) FILTER (WHERE kind = 'extra' AND row_id = 5)
                FROM reconciliation_findings WHERE part = 'users' AND run_id = (SELECT max(run_id) FROM reconciliation_runs)
                """
            )
        );
        Assert.Equal(
            12_001,
            await connection.ExecuteScalarAsync<int>("SELECT rows_different FROM reconciliation_runs ORDER BY run_id DESC LIMIT 1")
        );
        await connection.ExecuteAsync("TRUNCATE users");
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task A_thousand_requests_with_long_names_are_answered()
    {
        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            "INSERT INTO reconciliation_requests (id, reason) SELECT concat('snapshot of "
                + "', repeat('t', 240), ' in epoch 1 at ', toString(number)), 'a test' FROM numbers(1000)"
        );
        var store = new Betting.Reconciler.Runs.RequestStore(pipeline.ClickHouse);

        await store.BeginAsync(await store.OpenAsync(CancellationToken.None), CancellationToken.None);
        await store.AnswerAsync(await store.OpenAsync(CancellationToken.None), 7, isEqual: true, CancellationToken.None);

        Assert.Empty(await store.OpenAsync(CancellationToken.None));
        Assert.Equal(
            "1000",
            Convert.ToString(
                await pipeline.ClickHouse.ExecuteScalarAsync(
                    "SELECT count() FROM reconciliation_requests FINAL WHERE answered = 1 AND run_id = 7"
                ),
                CultureInfo.InvariantCulture
            )
        );
    }
}
