using Betting.CdcSink.Write;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Looks every few seconds at where the topics end and at what is visible. Each of the two may be away: the other is still looked
/// at, and what was known grows older.
/// </summary>
public sealed class LagLoop(
    LagState state, LagMetrics metrics, TopicEnds ends, VisibleStore store, CdcSinkOptions options, Heartbeats heartbeats, TimeProvider clock, ILogger<LagLoop> log) : IWorkerLoop
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5), PartsEvery = TimeSpan.FromSeconds(15);

    readonly Dictionary<(string, int), long> _standing = [];
    long? _partsSeen;

    // The gauges live as long as the loop does.
    public LagMetrics Metrics => metrics;

    public string Name => "lag";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            await LookAsync(stopping);
            await Task.Delay(options.LagEvery, clock, stopping);
        }
    }

    /// <summary>One look at both stores.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        await LookAtClickHouseAsync(stopping);
        await Task.Run(LookAtKafka, stopping);
    }

    void LookAtKafka()
    {
        try
        {
            var seen = ends.Read();
            if (!state.KnowsSource)
            {
                ends.TimesOf([.. seen.Where(end => end.End > end.First).Select(end => (end.Topic, end.Partition, end.End - 1))]).ForEach(each => state.SawSource(each.At));
            }
            state.SawEnds(seen);
            if (state.UnknownAges() is { Count: > 0 } unknown)
            {
                ends.TimesOf(unknown).ForEach(each => state.SawOldest(each.Topic, each.Partition, each.Offset, each.At));
            }
        }
        catch (KafkaException failure)
        {
            CdcSinkLog.LagUnknown(log, "kafka", failure.Error.Code.ToString());
        }
    }

    async Task LookAtClickHouseAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            await RecordStandingEndsAsync(either.Token);
            state.SawVisible(await store.ReadAsync(either.Token));
            if (_partsSeen is null || clock.GetElapsedTime(_partsSeen.Value) >= PartsEvery)
            {
                state.SawParts(await store.PartsAsync(either.Token));
                _partsSeen = clock.GetTimestamp();
            }
        }
        catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is not null)
        {
            // Whether ClickHouse is away or refuses is told by the loop that writes; this one only looks.
            CdcSinkLog.LagUnknown(log, "clickhouse", code);
        }
    }

    /// <summary>
    /// A partition that nobody reads keeps the end that its last owner saw, and would seem read to its end for ever: data_as_of would
    /// go on with the heartbeats of others. Whoever sees it stand still twice writes the true end beside its progress.
    /// </summary>
    async Task RecordStandingEndsAsync(CancellationToken cancellation)
    {
        var behind = state.EndsNotRecorded();
        foreach (var (end, next) in behind)
        {
            if (_standing.TryGetValue((end.Topic, end.Partition), out var stood) && stood == next)
            {
                await store.RecordEndAsync(end, next, cancellation);
            }
        }
        _standing.Clear();
        foreach (var (end, next) in behind)
        {
            _standing[(end.Topic, end.Partition)] = next;
        }
    }
}
