using System.Globalization;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Counters;

/// <summary>The counters in Redis: what stands in <see cref="CounterKeys"/>, moved by <see cref="CounterScripts"/>.</summary>
sealed class CounterStore(IConnectionMultiplexer redis)
{
    IDatabase Database => redis.GetDatabase();

    /// <summary>The base in force, or null: Redis is new, was flushed, lost a shard, or a base is being built.</summary>
    public async Task<CounterBaseline?> LoadAsync()
    {
        var current = CounterBaseline.FromJson(await Database.HashGetAsync(CounterKeys.Control, "current"));
        if (current is null)
        {
            return null;
        }
        var standing = await Task.WhenAll(
            Enumerable.Range(0, current.Shards).Select(shard => Database.HashGetAsync(CounterKeys.Meta(shard), "generation"))
        );
        return standing.All(generation => generation == current.Generation) ? current : null;
    }

    /// <summary>
    /// Counts the changes that are news. A shard takes its part in one step; a failure between shards is made good by trying again.
    /// </summary>
    /// <returns>How many were news, or null: the counters do not stand on this base any more, load it anew.</returns>
    public async Task<int?> ApplyAsync(CounterBaseline at, IReadOnlyList<CountedChange> changes)
    {
        var steps = changes
            .GroupBy(change => CounterKeys.Place(at, change.BetId).Shard)
            .Select(shard => Database.ScriptEvaluateAsync(CounterScripts.Apply, Keys(at, shard.Key, shard), Arguments(at, shard)));
        var answers = await Task.WhenAll(steps);
        var news = Array.ConvertAll(answers, answer => (int)answer);
        return news.Any(count => count < 0) ? null : news.Sum();
    }

    /// <summary>
    /// The numbers of all shards, by <see cref="StatusCode.Published"/>, with a version that grows with every change of them.
    /// </summary>
    public async Task<PublishedCounts?> ReadAsync(CounterBaseline at)
    {
        RedisValue[] arguments = [at.Generation, .. StatusCode.Published.Select(status => (RedisValue)status.Code.ToString())];
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, at.Shards)
                .Select(shard =>
                    Database.ScriptEvaluateAsync(
                        CounterScripts.Read,
                        [CounterKeys.Meta(shard), CounterKeys.Counts(at.Generation, shard)],
                        arguments
                    )
                )
        );
        var shards = Array.ConvertAll(answers, answer => (long[])answer!);
        if (shards.Any(shard => shard.Length == 0))
        {
            return null;
        }
        var counts = StatusCode.Published.Select((status, index) => (status.Status, Bets: shards.Sum(shard => shard[index + 1])));
        var step = shards.Sum(shard => shard[0]);
        return new PublishedCounts([.. counts], string.Create(CultureInfo.InvariantCulture, $"{at.Order}.{step:D20}"));
    }

    /// <summary>Redis's clock, which all replicas share.</summary>
    public async Task<DateTimeOffset> TimeAsync() =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)await Database.ScriptEvaluateAsync(CounterScripts.Time, [CounterKeys.Fresh]));

    public Task MarkFreshAsync(int partitionsOfTopic, IEnumerable<int> partitions) =>
        Database.ScriptEvaluateAsync(
            CounterScripts.Refresh,
            [CounterKeys.Fresh],
            [partitionsOfTopic, .. partitions.Select(partition => (RedisValue)partition)]
        );

    public async Task<bool> IsFreshAsync(TimeSpan limit) =>
        (bool)await Database.ScriptEvaluateAsync(CounterScripts.IsFresh, [CounterKeys.Fresh], [(long)limit.TotalSeconds]);

    static RedisKey[] Keys(CounterBaseline at, int shard, IEnumerable<CountedChange> changes) =>
        [
            CounterKeys.Meta(shard),
            CounterKeys.Counts(at.Generation, shard),
            .. changes.Select(change => (RedisKey)CounterKeys.Bucket(at.Generation, shard, CounterKeys.Place(at, change.BetId).Bucket)),
        ];

    static RedisValue[] Arguments(CounterBaseline at, IEnumerable<CountedChange> changes)
    {
        var positions = changes
            .GroupBy(change => change.Partition)
            .Select(partition => (Partition: partition.Key, Last: partition.Max(change => change.Position)))
            .ToList();
        var arguments = new List<RedisValue> { at.Generation, positions.Count };
        foreach (var (partition, last) in positions)
        {
            arguments.Add(partition);
            arguments.Add(Text(last));
        }
        var bucket = 3;
        foreach (var change in changes)
        {
            arguments.AddRange([
                bucket++,
                change.BetId,
                change.Code.ToString(),
                change.Version.Value.ToString("X16", CultureInfo.InvariantCulture),
            ]);
        }
        return [.. arguments];
    }

    static string Text(Debezium.StreamPosition at) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.Epoch:D2}.{at.CommitLsn:X16}.{at.Lsn:X16}.{at.TotalOrder:D19}");
}

/// <summary>Bets by status as readers get them.</summary>
/// <param name="Counts">Status and number of bets.</param>
/// <param name="Version">Sorts as text: a later one is newer.</param>
sealed record PublishedCounts(IReadOnlyList<(string Status, long Bets)> Counts, string Version);
