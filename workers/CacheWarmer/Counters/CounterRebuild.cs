using System.Globalization;
using Betting.Connections;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Counters;

/// <summary>
/// Builds the counters from one PostgreSQL snapshot: under keys of a new generation, put in force by its last step. A crash
/// on the way leaves no base in force, so the next replica begins again; until then counters are a miss for readers.
/// </summary>
sealed class CounterRebuild(
    PostgresSource postgres,
    IConnectionMultiplexer redis,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock,
    ILogger<CounterRebuild> log
)
{
    const int RowsPerPipeline = 10_000;

    /// <summary>Awaited between steps: what tests let happen there.</summary>
    internal Func<Task> Reached { get; set; } = () => Task.CompletedTask;

    IDatabase Database => redis.GetDatabase();

    /// <param name="epoch">Generation of the PostgreSQL cluster that is read.</param>
    /// <param name="reason">Why, for the log.</param>
    /// <param name="cancellation">Leaves the build unfinished.</param>
    /// <returns>The base in force, or null: Redis was flushed under the build, or another build took its place.</returns>
    public async Task<CounterBaseline?> BuildAsync(int epoch, string reason, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        CacheWarmerLog.RebuildStarted(log, reason);
        await RetireAsync();
        await Reached();
        // A change may have been counted on the old base shortly before PostgreSQL shows its transaction to a new snapshot.
        await Task.Delay(options.Value.SettleBeforeRebuild, clock, cancellation);

        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        var start = await connection.ExecuteScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var (snapshot, end, bets) = await connection.QuerySingleAsync<(string, string, long)>(
            "SELECT pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text, (SELECT count(*) FROM bets)"
        );
        var order = Lsn(start!).ToString("X16", CultureInfo.InvariantCulture);
        var shards = options.Value.Shards;
        var built = new CounterBaseline(
            $"{order}-{Guid.NewGuid():N}",
            order,
            epoch,
            snapshot,
            Lsn(start!),
            Lsn(end),
            shards,
            CounterKeys.BucketsFor(bets, shards)
        );

        await AnnounceAsync(built);
        await Reached();
        var counts = await CopyAsync(connection, built, cancellation);
        await Reached();
        if (!await FinishAsync(built, counts))
        {
            CacheWarmerLog.RebuildVoid(log);
            return null;
        }
        CacheWarmerLog.RebuildDone(log, bets, clock.GetElapsedTime(started).TotalSeconds, built.Buckets * built.Shards);
        return built;
    }

    /// <summary>From here on nothing counts on the old base, and its keys and those of a broken build go.</summary>
    async Task RetireAsync()
    {
        var known = await Database.HashGetAsync(CounterKeys.Control, ["current", "building", "obsolete"]);
        var gone = known.Select(json => CounterBaseline.FromJson(json)).OfType<CounterBaseline>().ToList();
        if (known[0].HasValue)
        {
            var withdraw = Database.CreateTransaction();
            _ = withdraw.HashSetAsync(CounterKeys.Control, "obsolete", known[0]);
            _ = withdraw.HashDeleteAsync(CounterKeys.Control, "current");
            await withdraw.ExecuteAsync();
        }
        foreach (var old in gone)
        {
            await Task.WhenAll(
                Enumerable.Range(0, old.Shards).Select(shard => Database.HashDeleteAsync(CounterKeys.Meta(shard), "generation"))
            );
            await UnlinkAsync(old);
        }
        await Database.HashDeleteAsync(CounterKeys.Control, ["building", "obsolete"]);
    }

    async Task UnlinkAsync(CounterBaseline old)
    {
        for (var shard = 0; shard < old.Shards; shard++)
        {
            await Database.KeyDeleteAsync(CounterKeys.Counts(old.Generation, shard));
            foreach (var part in Enumerable.Range(0, old.Buckets).Chunk(RowsPerPipeline))
            {
                await Database.KeyDeleteAsync(
                    Array.ConvertAll(part, bucket => (RedisKey)CounterKeys.Bucket(old.Generation, shard, bucket))
                );
            }
        }
    }

    async Task AnnounceAsync(CounterBaseline built)
    {
        await Database.HashSetAsync(CounterKeys.Control, "building", built.ToJson());
        await Task.WhenAll(
            Enumerable
                .Range(0, built.Shards)
                .Select(shard => Database.HashSetAsync(CounterKeys.Counts(built.Generation, shard), "building", 1))
        );
    }

    async Task<Dictionary<char, long>[]> CopyAsync(NpgsqlConnection connection, CounterBaseline built, CancellationToken cancellation)
    {
        var counts = Enumerable.Range(0, built.Shards).Select(_ => new Dictionary<char, long>()).ToArray();
        var pipeline = new List<Task>(RowsPerPipeline);
        await using var rows = await connection.BeginBinaryExportAsync(
            "COPY (SELECT id, status FROM bets) TO STDOUT (FORMAT binary)",
            cancellation
        );
        while (await rows.StartRowAsync(cancellation) > 0)
        {
            var id = await rows.ReadAsync<long>(cancellation);
            var code = StatusCode.Of(await rows.ReadAsync<string>(cancellation));
            var (shard, bucket) = CounterKeys.Place(built, id);
            counts[shard][code] = counts[shard].GetValueOrDefault(code) + 1;
            // Without a version: every change that the snapshot did not see is newer.
            pipeline.Add(Database.HashSetAsync(CounterKeys.Bucket(built.Generation, shard, bucket), id, code.ToString()));
            if (pipeline.Count == RowsPerPipeline)
            {
                await Task.WhenAll(pipeline);
                pipeline.Clear();
                await Reached();
            }
        }
        await Task.WhenAll(pipeline);
        return counts;
    }

    async Task<bool> FinishAsync(CounterBaseline built, Dictionary<char, long>[] counts)
    {
        for (var shard = 0; shard < built.Shards; shard++)
        {
            RedisValue[] arguments =
            [
                built.Generation,
                .. counts[shard].SelectMany(count => new RedisValue[] { count.Key.ToString(), count.Value }),
            ];
            if (
                !(bool)
                    await Database.ScriptEvaluateAsync(
                        CounterScripts.Finish,
                        [CounterKeys.Meta(shard), CounterKeys.Counts(built.Generation, shard)],
                        arguments
                    )
            )
            {
                return false;
            }
            await Reached();
        }
        return (bool)await Database.ScriptEvaluateAsync(CounterScripts.Enforce, [CounterKeys.Control], [built.ToJson()]);
    }

    static ulong Lsn(string text) => (ulong)NpgsqlTypes.NpgsqlLogSequenceNumber.Parse(text);
}
