using Betting.CacheWarmer.Counters;
using Betting.CacheWarmer.Fills;
using Betting.CacheWarmer.Outage;
using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Stream;

/// <summary>Read a batch → count it in Redis → store its offsets; the lists that it touches are marked for their next fill.</summary>
sealed class CounterLoop(
    ChangeStream stream,
    CounterStore store,
    BaselineElection keeper,
    StaleKeys fills,
    StoreRetry patience,
    FollowedBets followed,
    Heartbeats heartbeats,
    Readiness readiness,
    CacheWarmerMetrics metrics,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock,
    ILogger<CounterLoop> log
) : IWorkerLoop
{
    static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);
    static readonly TimeSpan PoisonPause = TimeSpan.FromMinutes(1);

    readonly RecordDecoder _decoder = new(new DecoderOptions { DefaultEpoch = options.Value.Epoch });
    readonly Freshness _freshness = new(stream, options, clock);
    CounterBaseline? _base;
    PostgresSnapshot? _snapshot;
    long _baseSince;
    bool _poisoned;

    public string Name => "stream";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require("redis");
        readiness.Require("counters");
        using (stream)
        {
            stream.Subscribe();
            var lastCheck = 0L;
            while (!stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
                var batch = stream.Next(options.Value.BatchSize, TimeSpan.FromMilliseconds(100), options.Value.BatchWait, clock);
                if (batch.Count > 0)
                {
                    await TakeAsync(batch, stopping);
                }
                if (_base is null || lastCheck == 0 || clock.GetElapsedTime(lastCheck) >= CheckEvery)
                {
                    await CheckAsync(stopping);
                    lastCheck = clock.GetTimestamp();
                }
            }
        }
    }

    async Task TakeAsync(List<ConsumeResult<byte[]?, byte[]?>> batch, CancellationToken stopping)
    {
        await EnsureBaseAsync(null, 0, "there are none", stopping);
        while (!await CountAsync(batch, stopping)) { }
        stream.Done(batch);
        var lastCommit = _freshness.Note(batch);
        if (lastCommit is { } commit)
        {
            metrics.Lag(clock.GetUtcNow() - commit);
        }
    }

    /// <returns>False if the base was not good any more: a better one stands now, judge the batch again.</returns>
    async Task<bool> CountAsync(List<ConsumeResult<byte[]?, byte[]?>> batch, CancellationToken stopping)
    {
        followed.Begin();
        var changes = new List<CountedChange>(batch.Count);
        int covered = 0,
            undecodable = 0,
            epoch = 0;
        var rebuild = false;
        foreach (var record in batch)
        {
            _decoder.Decode(ToStreamRecord(record), out var change);
            ChangeMeaning? meaning = change.Kind == RecordKind.Undecodable ? null : ChangeRule.Judge(change, _base!, _snapshot!);
            followed.Judged(record, change, meaning);
            switch (meaning)
            {
                case null:
                    undecodable++;
                    CacheWarmerLog.Undecodable(log, record.Topic, record.Partition.Value, record.Offset.Value, change.Reason, change.Field);
                    break;
                case ChangeMeaning.Count:
                    changes.Add(ChangeRule.ToCount(change, record.Partition.Value));
                    break;
                case ChangeMeaning.Rebuild:
                    rebuild = true;
                    epoch = Math.Max(epoch, change.Version.Epoch);
                    break;
                default:
                    covered++;
                    break;
            }
            fills.Touch(change.Table);
        }
        if (rebuild)
        {
            await EnsureBaseAsync(_base, epoch, "a truncate, a new snapshot or a new epoch in the stream", stopping);
            return false;
        }
        var news = changes.Count == 0 ? 0 : await patience.UntilDoneAsync("count", () => store.ApplyAsync(_base!, changes), Wait, stopping);
        if (news is not { } counted)
        {
            await EnsureBaseAsync(_base, 0, "Redis lost them", stopping);
            return false;
        }
        followed.Applied();
        _poisoned |= undecodable > 0;
        metrics.Changes("counted", counted);
        metrics.Changes("repeated", changes.Count - counted);
        metrics.Changes("covered", covered);
        metrics.Changes("undecodable", undecodable);
        return true;
    }

    /// <summary>What no record asks for: an idle stream notices a flushed Redis, closely followed partitions are marked.</summary>
    async Task CheckAsync(CancellationToken stopping)
    {
        if (stream.HadGap)
        {
            stream.GapHandled();
            await EnsureBaseAsync(_base, 0, "changes were missed: the offset was lost", stopping);
        }
        // What an undecodable record changed is in PostgreSQL; a stream of them must not become a stream of rebuilds.
        if (_poisoned && clock.GetElapsedTime(_baseSince) > PoisonPause)
        {
            await EnsureBaseAsync(_base, 0, "a record could not be decoded", stopping);
        }
        var standing = await patience.UntilDoneAsync("check", async () => (await store.LoadAsync())?.Generation, Wait, stopping);
        if (_base is null || standing != _base.Generation)
        {
            await EnsureBaseAsync(standing is null ? _base : null, 0, _base is null ? "there are none" : "Redis lost them", stopping);
        }
        await patience.OnceAsync("mark", () => _freshness.MarkAsync(store), stopping);
    }

    async Task EnsureBaseAsync(CounterBaseline? unfit, int epoch, string reason, CancellationToken stopping)
    {
        if (_base is not null && unfit is null && reason == "there are none")
        {
            return;
        }
        readiness.Set("counters", false, reason);
        var found = await patience.UntilDoneAsync("base", () => keeper.EnsureAsync(unfit, epoch, reason, Wait, stopping), Wait, stopping);
        if (found.Generation != _base?.Generation)
        {
            metrics.Rebuilt();
            _baseSince = clock.GetTimestamp();
            _poisoned = false;
        }
        (_base, _snapshot) = (found, PostgresSnapshot.Parse(found.Snapshot));
        readiness.Set("counters", true);
    }

    void Wait()
    {
        heartbeats.Beat(Name);
        stream.KeepWaiting();
    }

    static StreamRecord ToStreamRecord(ConsumeResult<byte[]?, byte[]?> record) =>
        new(
            record.Topic,
            record.Partition.Value,
            record.Offset.Value,
            record.Message.Timestamp.UnixTimestampMs,
            record.Message.Key,
            record.Message.Value,
            [.. record.Message.Headers.Select(header => new RecordHeader(header.Key, header.GetValueBytes()))]
        );
}
