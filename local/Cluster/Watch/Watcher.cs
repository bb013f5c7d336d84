using Betting.Contracts;
using Dapper;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Local.Cluster.Watch;

/// <summary>Reads the workers' own metrics, Redis and the last reconciliation: nothing here costs more as the data grows.</summary>
sealed class Watcher(Cluster cluster, LiveTraffic traffic)
{
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(3) };
    long _lastAt = TimeProvider.System.GetTimestamp();
    long _lastPublished;
    double _lastApplied;

    public async Task<Reading> ReadAsync()
    {
        var page = await PageAsync();
        var outcomes = page.By("ingest_commands_total", "outcome");
        var (published, applied) = (traffic.Published.Messages, outcomes.Values.Sum());
        var now = TimeProvider.System.GetTimestamp();
        var seconds = Math.Max(TimeProvider.System.GetElapsedTime(_lastAt, now).TotalSeconds, 0.001);
        var reading = new Reading
        {
            Published = published,
            PublishedPerSecond = (published - _lastPublished) / seconds,
            AppliedPerSecond = Math.Max(0, applied - _lastApplied) / seconds,
            Outcomes = outcomes,
            IngestP95 = page.Quantile("ingest_commit_lag_seconds", 0.95),
            RedisP95 = page.Quantile("cachewarmer_lag_seconds", 0.95),
            FreshnessP50 = page.Quantile("cdcsink_visible_lag_seconds", 0.5),
            FreshnessP95 = page.Quantile("cdcsink_visible_lag_seconds", 0.95),
            Cache = await CacheAsync(),
            Reconciliation = await ReconciliationAsync(),
        };
        (_lastAt, _lastPublished, _lastApplied) = (now, published, applied);
        return reading;
    }

    async Task<MetricsPage> PageAsync()
    {
        var page = new MetricsPage();
        foreach (var worker in cluster.Workers)
        {
            try
            {
                page.Add(await Http.GetStringAsync(new Uri(worker.Url, "/metrics")));
            }
            catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
            {
                // A worker that is starting again has nothing to say yet.
            }
        }
        return page;
    }

    async Task<IReadOnlyDictionary<string, string>> CacheAsync()
    {
        var redis = cluster.Redis.GetDatabase();
        var keys = new Dictionary<string, string>();
        try
        {
            foreach (var status in BetStatus.All)
            {
                var value = await redis.StringGetAsync(RedisKeys.BetCount(status));
                keys[RedisKeys.BetCount(status)] = value.IsNull ? "–" : value.ToString();
            }
            keys[RedisKeys.ActiveBets] = await redis.KeyExistsAsync(RedisKeys.ActiveBets) ? "filled" : "–";
        }
        catch (Exception away) when (away is RedisException or TimeoutException)
        {
            return new Dictionary<string, string> { ["Redis"] = "does not answer" };
        }
        return keys;
    }

    async Task<string> ReconciliationAsync()
    {
        try
        {
            return await LastReconciliationAsync();
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            return "PostgreSQL does not answer";
        }
    }

    async Task<string> LastReconciliationAsync()
    {
        await using var connection = await cluster.Postgres.OpenConnectionAsync();
        var last = await connection.QueryFirstOrDefaultAsync<(string? Outcome, double Age, long? Rows, long? Different)>(
            """
            SELECT outcome, extract(epoch FROM now() - coalesce(finished_at, started_at))::float8, rows_postgres, rows_different
            FROM reconciliation_runs WHERE outcome IS NOT NULL ORDER BY started_at DESC LIMIT 1
            """
        );
        return last.Outcome is null
            ? "none yet"
            : $"{last.Outcome}, {last.Age:F0} s ago, {last.Rows:N0} rows, {last.Different:N0} different";
    }
}
