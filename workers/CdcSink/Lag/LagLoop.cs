using System.Text.Json;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Confluent.Kafka;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Looks every few seconds at where the topics end and at what is visible, and records up to which watermark everything is. Each of the
/// stores may be away: the others are still looked at. What it asks is bounded, in statements and in time.
/// </summary>
public sealed class LagLoop(
    LagState state,
    LagMetrics metrics,
    TopicEnds ends,
    VisibleStore store,
    ConnectOffsets connect,
    CdcSinkOptions options,
    LagTrouble trouble,
    ProofReport report,
    Heartbeats heartbeats,
    TimeProvider clock
) : IWorkerLoop
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5),
        PartsEvery = TimeSpan.FromSeconds(15);

    readonly ChangeTopics _topics = new(options.TopicPrefix);
    readonly WatermarkCover _cover = new(options.WatermarkSettle, clock);
    long? _partsSeen;

    // The gauges live as long as the loop does.
    public LagMetrics Metrics => metrics;

    public string Name => "lag";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            await PollAsync(stopping);
            await heartbeats.WhileAsync(Name, Task.Delay(options.LagEvery, clock, stopping));
        }
    }

    /// <summary>
    /// One look at all stores. The order matters: progress and watermark come before the ends that they are compared with.
    /// </summary>
    public async Task PollAsync(CancellationToken stopping)
    {
        var (position, epoch, watermark) = ((ulong?)null, (int?)null, (Watermark?)null);
        var isAcknowledged =
            connect.IsKnown
            && await AskAsync(
                Stores.Connect,
                async cancellation =>
                {
                    var stored = await connect.StoredAsync(cancellation);
                    (position, epoch) = (stored.Lsn ?? 0, stored.Epoch);
                    trouble.ConnectHasPosition(stored.IsThere, options.TopicPrefix);
                    state.SawConnect();
                },
                stopping
            );
        var visible = (VisibleProgress?)null;
        await AskAsync(
            Stores.ClickHouse,
            async cancellation =>
            {
                var progress = await store.ReadAsync(cancellation);
                var came = await store.WatermarkAsync(position, epoch, cancellation);
                trouble.ConnectIsOfEpoch(epoch, came.Epoch);
                state.SawVisible(progress, came.Since);
                (visible, watermark) = (progress, came.Newest);
                report.Holds(progress.Holds);
            },
            stopping
        );
        if (_partsSeen is null || clock.GetElapsedTime(_partsSeen.Value) >= PartsEvery)
        {
            await AskAsync(Stores.ClickHouse, LookAtPartsAsync, stopping);
        }
        var seen = (SeenEnds?)null;
        await AskAsync(Stores.Kafka, async _ => seen = await LookAtKafkaAsync(), stopping);
        var isThere = seen is not { IsWhole: true } || visible is null || HasAll(visible, seen);
        if (seen is not { IsWhole: true } || !isThere || (connect.IsKnown && !isAcknowledged))
        {
            _cover.Interrupt();
        }
        else if (visible is not null)
        {
            await CoverAsync(watermark, isAcknowledged, visible, [.. seen.Ends.Where(end => _topics.Tables.Contains(end.Topic))], stopping);
        }
    }

    /// <summary>
    /// False where ClickHouse knows partitions of rows that Kafka does not have: their topic was deleted, with records that nobody may have
    /// read. A topic that never was there is not missed: its first row makes it.
    /// </summary>
    bool HasAll(VisibleProgress visible, SeenEnds seen)
    {
        var there = seen.Ends.Select(end => (end.Topic, end.Partition)).ToHashSet();
        var missing = visible
            .Partitions.Keys.Where(known => _topics.Tables.Contains(known.Topic) && !there.Contains(known))
            .Order()
            .ToList();
        state.SawMissing(missing.Count);
        report.Missing(missing);
        return missing.Count == 0;
    }

    async Task CoverAsync(
        Watermark? watermark,
        bool isAcknowledged,
        VisibleProgress visible,
        List<StreamEnd> rows,
        CancellationToken stopping
    )
    {
        if (watermark is { } newest && newest.Version > visible.Version)
        {
            _cover.Aim(newest, rows, isAcknowledged);
        }
        if (_cover.Reach(visible.Partitions, rows) is { } reached && reached.Version > visible.Version)
        {
            await AskAsync(
                Stores.ClickHouse,
                async cancellation =>
                {
                    // Until then the next watermark is waited for.
                    if (!await store.HasOpenSnapshotAsync(reached, cancellation))
                    {
                        await store.RecordVisibleAsync(reached, cancellation);
                        state.SawVisibleUpTo(reached.AsOf);
                    }
                },
                stopping
            );
        }
    }

    async Task<SeenEnds> LookAtKafkaAsync()
    {
        var seen = await ends.ReadAsync();
        await Task.Run(() =>
        {
            if (seen.Ends.Count == 0 && !seen.IsWhole)
            {
                // No partition answered: that says nothing of the stream.
                return;
            }
            state.SawEnds(seen.Ends);
            if (!state.KnowsSource)
            {
                ends.TimesOf([.. seen.Ends.Where(end => end.End > end.First).Select(end => (end.Topic, end.Partition, end.End - 1))])
                    .ForEach(each => state.SawSource(each.At));
            }
            if (state.UnknownAges() is { Count: > 0 } unknown)
            {
                ends.TimesOf(unknown).ForEach(each => state.SawOldest(each.Topic, each.Partition, each.Offset, each.At));
            }
        });
        return seen;
    }

    async Task LookAtPartsAsync(CancellationToken cancellation)
    {
        state.SawParts(await store.PartsAsync(cancellation));
        _partsSeen = clock.GetTimestamp();
    }

    /// <returns>False where the store did not answer; each question has a limit of its own.</returns>
    async Task<bool> AskAsync(string of, Func<CancellationToken, Task> ask, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            await ask(either.Token);
            trouble.Answered(of);
            return true;
        }
        catch (KafkaException failure)
        {
            trouble.KafkaFailed(failure);
        }
        catch (JsonException failure) when (of == Stores.Connect)
        {
            trouble.ConnectFailed(ConnectOffsets.DetailOf(failure));
        }
        catch (Exception failure) when (of == Stores.Connect && ClickHouseErrors.Classify(failure, stopping, out _) is not null)
        {
            trouble.ConnectFailed(ConnectOffsets.DetailOf(failure));
        }
        catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out _) is not null)
        {
            trouble.ClickHouseFailed(failure, stopping);
        }
        return false;
    }
}
