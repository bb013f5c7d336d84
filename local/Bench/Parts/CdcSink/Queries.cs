using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>What people ask, through the view that is always right, beside the same question to the rows themselves.</summary>
sealed class Queries(BenchRun run, SinkStage stage)
{
    public const string Name = "query";

    const int Users = 1_000_000, Events = 20_000, Months = 60;

    static readonly (string Name, double Limit, string Sql)[] Asked =
    [
        ("simple aggregate: stakes by status", 100, "SELECT bet_status, count(), sum(bet_amount) FROM bets_analytics WHERE placed_at >= now() - INTERVAL 90 DAY GROUP BY bet_status"),
        ("revenue by month and category", 500, """
            SELECT toStartOfMonth(placed_at) AS month, event_category, COUNT(*) AS bet_count, SUM(bet_amount) AS total_wagered,
                   SUM(IF(bet_status = 'SETTLED', bet_amount, 0)) AS settled_amount
            FROM bets_analytics WHERE placed_at >= '2024-01-01'
            GROUP BY month, event_category ORDER BY month DESC, total_wagered DESC
            """),
        ("cohort retention", 500, """
            SELECT toStartOfMonth(user_created_at) AS cohort_month, COUNT(DISTINCT user_id) AS users,
                   COUNT(DISTINCT IF(placed_at >= user_created_at + INTERVAL 30 DAY, user_id, NULL)) AS retained_30d
            FROM bets_analytics GROUP BY cohort_month ORDER BY cohort_month DESC
            """),
        ("five-year scan of every column", 5_000, "SELECT sum(cityHash64(*)) FROM bets_analytics"),
    ];

    readonly long _bets = run.Quick ? 2_000_000 : 10_000_000;

    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await SeededBets.WriteAsync(database, _bets, Users, Events, Months, 0, run.Say, cancellation);
        run.Say("  merging the closed months, as the engine does by itself ten minutes after the last insert");
        await database.RunAsync("OPTIMIZE TABLE bets_analytics_rows FINAL", cancellation);
        // The open months have what settling leaves: a tenth of their bets has an older row beside the newer one.
        await database.RunAsync("""
            INSERT INTO bets_analytics_rows SELECT * REPLACE ('SETTLED' AS bet_status, bet_version + 8 AS bet_version, version + bitShiftLeft(toUInt128(8), 64) AS version)
            FROM bets_analytics_rows WHERE placed_at >= toStartOfMonth(now()) - INTERVAL 1 MONTH AND bet_id % 10 = 0
            """, cancellation);
        foreach (var (name, limit, sql) in Asked.Where(query => run.Wants($"{Name}: {query.Name}")))
        {
            var exact = await TimesAsync(database, sql, cancellation);
            var plain = await TimesAsync(database, sql.Replace("FROM bets_analytics", "FROM bets_analytics_rows", StringComparison.Ordinal), cancellation);
            run.Add(new Figure("cdcsink", $"{Name}: {name}, {FigureTable.Number(_bets)} bets, p95", new Samples(exact), "ms")
            {
                Peer = new Peer("the same on the rows, not exact", new Samples(plain)),
                Note = "limit of the value: " + FigureTable.Number(limit) + " ms",
            });
            run.Add(new Figure("cdcsink", $"{Name}: {name}, p95 beside its limit", new Samples(exact), "ms") { Target = Target.Below(limit) });
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
