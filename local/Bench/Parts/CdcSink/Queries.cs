using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>What people ask, through the view that is always right, beside the same question to the rows themselves.</summary>
sealed class Queries(BenchRun run, SinkStage stage)
{
    public const string Name = "query";

    const int Events = 20_000,
        Months = 60;

    const string Cohorts = "cohort retention";

    // What has no limit is shown for what an index is worth.
    static readonly (string Name, double? Limit, string Sql)[] Asked =
    [
        (
            "simple aggregate: stakes by status",
            100,
            "SELECT bet_status, count(), sum(bet_amount) FROM bets_analytics WHERE placed_at >= now() - INTERVAL 90 DAY GROUP BY bet_status"
        ),
        (
            "revenue by month and category",
            500,
            """
            SELECT toStartOfMonth(placed_at) AS month, event_category, COUNT(*) AS bet_count, SUM(bet_amount) AS total_wagered,
                   SUM(IF(bet_status = 'SETTLED', bet_amount, 0)) AS settled_amount
            FROM bets_analytics WHERE placed_at >= '2024-01-01'
            GROUP BY month, event_category ORDER BY month DESC, total_wagered DESC
            """
        ),
        (
            Cohorts,
            500,
            """
            SELECT toStartOfMonth(user_created_at) AS cohort_month, COUNT(DISTINCT user_id) AS users,
                   COUNT(DISTINCT IF(placed_at >= user_created_at + INTERVAL 30 DAY, user_id, NULL)) AS retained_30d
            FROM bets_analytics GROUP BY cohort_month ORDER BY cohort_month DESC
            """
        ),
        ("five-year scan of every column", 5_000, "SELECT sum(cityHash64(*)) FROM bets_analytics"),
        ("one bet by its id", null, "SELECT * FROM bets_analytics WHERE bet_id = 1234567"),
        ("all bets of one user", null, "SELECT * FROM bets_analytics WHERE user_id = 4711"),
        (
            "bets settled on one day",
            null,
            "SELECT count(), sum(payout) FROM bets_analytics WHERE settled_at >= toStartOfDay(now()) - "
                + "INTERVAL 100 DAY AND settled_at < toStartOfDay(now()) - INTERVAL 99 DAY"
        ),
    ];

    readonly long _bets = run.Quick ? 2_000_000 : 10_000_000;

    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await MeasureAsync(SinkStage.Users, "", Asked, cancellation);
        await MeasureAsync(10 * SinkStage.Users, ", a million users", Asked.Where(query => query.Name == Cohorts), cancellation);
    }

    async Task MeasureAsync(
        long users,
        string among,
        IEnumerable<(string Name, double? Limit, string Sql)> asked,
        CancellationToken cancellation
    )
    {
        var wanted = asked.Where(query => run.Wants($"{Name}: {query.Name}{among}")).ToList();
        if (wanted.Count == 0)
        {
            return;
        }
        await using var database = await stage.DatabaseAsync();
        await SeededBets.WriteAsync(database, _bets, users, Events, Months, 0, run.Say, cancellation);
        run.Say("  merging the closed months, as the engine does by itself a day after the last late row");
        await database.RunAsync("OPTIMIZE TABLE bets_analytics_rows FINAL", cancellation);
        // The open months have what settling leaves: a tenth of their bets has an older row beside the newer one.
        await database.RunAsync(
            """
            INSERT INTO bets_analytics_rows SELECT * REPLACE ('SETTLED' AS bet_status, bet_version + 8 AS bet_version,
            version + bitShiftLeft(toUInt128(8), 64) AS version)
            FROM bets_analytics_rows WHERE placed_at >= toStartOfMonth(now()) - INTERVAL 1 MONTH AND bet_id % 10 = 0
            """,
            cancellation
        );
        foreach (var (name, limit, sql) in wanted)
        {
            var exact = await TimesAsync(database, sql, cancellation);
            var (peer, other) = limit is null
                ? ("without the index", sql + " SETTINGS use_skip_indexes = 0")
                : (
                    "the same on the rows, not exact",
                    sql.Replace("FROM bets_analytics", "FROM bets_analytics_rows", StringComparison.Ordinal)
                );
            run.Add(
                new Figure("cdcsink", $"{Name}: {name}{among}, {FigureTable.Number(_bets)} bets, p95", new Samples(exact), "ms")
                {
                    Peer = new Peer(peer, new Samples(await TimesAsync(database, other, cancellation))),
                }
            );
            if (limit is { } most)
            {
                run.Add(
                    new Figure("cdcsink", $"{Name}: {name}{among}, p95 beside its limit", new Samples(exact), "ms")
                    {
                        Target = Target.Below(most),
                    }
                );
            }
        }
    }

    async Task<double> TimesAsync(SinkDatabase database, string sql, CancellationToken cancellation)
    {
        var times = new List<double>();
        for (var i = 0; i < (run.Quick ? 10 : 22); i++)
        {
            var started = run.Clock.GetTimestamp();
            await database.RunAsync(sql + " FORMAT Null", cancellation);
            // The first two read what is not in memory yet.
            if (i >= 2)
            {
                times.Add(run.Clock.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        times.Sort();
        return times[(int)Math.Ceiling(0.95 * times.Count) - 1];
    }
}
