using Betting.CacheWarmer.Counters;
using Betting.CacheWarmer.Stream;
using Betting.Debezium;

namespace Betting.Tests.CacheWarmer.Worlds;

/// <summary>
/// One worker's steps taken one at a time, with the worker's own rule, store and rebuild, so that a test can stop it between
/// any two of them. What it remembers beyond Redis and committed offsets is the base that it knows.
/// </summary>
sealed class Replica(CounterStore store, BaselineElection keeper)
{
    readonly RecordDecoder _decoder = new(new DecoderOptions());
    CounterBaseline? _base;

    /// <returns>False if it crashed on the way: the offset must not move.</returns>
    public async Task<bool> TakeAsync(IReadOnlyList<StreamRecord> batch, bool crashHalfWay)
    {
        _base ??= await EnsureAsync(null, 0);
        while (true)
        {
            var (changes, rebuild) = Judge(batch, _base);
            if (rebuild)
            {
                _base = await EnsureAsync(_base, 0);
            }
            else if (crashHalfWay)
            {
                await store.ApplyAsync(_base, [.. changes.Take(changes.Count / 2)]);
                return false;
            }
            else if (await store.ApplyAsync(_base, changes) is not null)
            {
                return true;
            }
            else
            {
                _base = await EnsureAsync(_base, 0);
            }
        }
    }

    /// <summary>One step on the base that it knows, while another replica builds a new one.</summary>
    /// <returns>True if it was taken, so that the offset moves.</returns>
    public async Task<bool> TryTakeAsync(IReadOnlyList<StreamRecord> batch)
    {
        if (_base is null)
        {
            return false;
        }
        var (changes, rebuild) = Judge(batch, _base);
        return !rebuild && await store.ApplyAsync(_base, changes) is not null;
    }

    /// <summary>What the idle stream does every second: a flushed Redis is noticed.</summary>
    public async Task CheckAsync()
    {
        if ((await store.LoadAsync())?.Generation is not { } standing || standing != _base?.Generation)
        {
            _base = await EnsureAsync(null, 0);
        }
    }

    (List<CountedChange> Changes, bool Rebuild) Judge(IReadOnlyList<StreamRecord> batch, CounterBaseline at)
    {
        var snapshot = PostgresSnapshot.Parse(at.Snapshot);
        var changes = new List<CountedChange>();
        var rebuild = false;
        foreach (var record in batch)
        {
            _decoder.Decode(record, out var decoded);
            Assert.NotEqual(RecordKind.Undecodable, decoded.Kind);
            var meaning = ChangeRule.Judge(decoded, at, snapshot);
            rebuild |= meaning == ChangeMeaning.Rebuild;
            if (meaning == ChangeMeaning.Count)
            {
                changes.Add(ChangeRule.ToCount(decoded, record.Partition));
            }
        }
        return (changes, rebuild);
    }

    Task<CounterBaseline> EnsureAsync(CounterBaseline? unfit, int epoch) =>
        keeper.EnsureAsync(unfit, epoch, "test", () => { }, CancellationToken.None);
}
