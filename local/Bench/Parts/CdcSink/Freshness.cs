using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>From the source's commit to visible in ClickHouse, while the mixed stream comes at half of the highest rate.</summary>
sealed class Freshness(BenchRun run, SinkStage stage, double rate)
{
    public const string Name = "commit → visible";

    // Half a minute of them, so that the broker's own work does not grow with the measurement.
    const int KeptBatches = 1_200;

    readonly TimeSpan _warmUp = TimeSpan.FromSeconds(run.Quick ? 8 : 15),
        _measured = TimeSpan.FromSeconds(run.Quick ? 10 : 30);
    readonly List<double> _p50 = [],
        _p95 = [],
        _p99 = [];

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await stage.FreshKafkaAsync(KeptBatches);
        var stream = new SourceStream(SinkStage.Users, SinkStage.Events, run.Clock);
        List<MadeRecord> dimensions = [.. stream.Dimensions()];
        TopicFeed.Preload(stage.KafkaBootstrap, dimensions.Select(StreamMessage.Of));
        await using var worker = SinkWorker.Start(stage, database);
        await worker.VisibleAsync(database, dimensions.Count, TimeSpan.FromMinutes(5), cancellation);
        // Small batches would cost the local broker more than all the rest; the wait is in what is measured.
        using var feed = new TopicFeed(stage.KafkaBootstrap, TimeSpan.FromMilliseconds(25));
        var traffic = new SteadyTraffic(feed, stream.Mixed, rate, run.Clock);
        var warmedUp = await traffic.SendAsync(_warmUp, () => false, cancellation);
        var profile = await SinkProfile.BeginAsync(stage, worker, cancellation);
        var before = await worker.LagAsync("", cancellation);
        var sent = await traffic.SendAsync(_measured, () => false, cancellation);
        var lag = (await worker.LagAsync("", cancellation)).Since(before);
        await profile.TellAsync(run, sent, cancellation);
        // What the broker no longer had would be in no histogram: it ends the measurement here.
        await worker.VisibleAsync(database, dimensions.Count + warmedUp + sent, TimeSpan.FromMinutes(1), cancellation);
        _p50.Add(lag.Quantile(0.5));
        _p95.Add(lag.Quantile(0.95));
        _p99.Add(lag.Quantile(0.99));
        run.Say(
            $"  mixed stream at {FigureTable.Number(rate)} changes/s: p50 {_p50[^1]:F2} s, p95 {_p95[^1]:F2} s, p99 {_p99[^1]:F2} "
                + $"s of {lag.Count:N0}"
        );
    }

    public IEnumerable<Figure> Figures()
    {
        var at = $"{Name} at half of the highest rate ({FigureTable.Number(rate)}/s)";
        const string Note = "from the worker's histogram, evenly within a bucket";
        yield return new Figure("cdcsink", at + ", p50", new Samples(_p50), "s") { Note = Note };
        yield return new Figure("cdcsink", at + ", p95", new Samples(_p95), "s") { Target = Target.Below(2), Note = Note };
        yield return new Figure("cdcsink", at + ", p99", new Samples(_p99), "s") { Target = Target.Below(5), Note = Note };
    }
}
