using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>CdcSink beside what limits it: rates, a hot event, freshness, a long snapshot, queries, decoding.</summary>
sealed class CdcSinkPart : IBenchPart
{
    public string Name => "cdcsink";

    public string About => "change events into ClickHouse, beside raw inserts and the engine's own ways";

    public async Task MeasureAsync(BenchRun run, CancellationToken cancellation)
    {
        run.Say("cdcsink: starting ClickHouse");
        await using var stage = await SinkStage.SetAsync(Path.Combine(run.Folder, "cdcsink"));
        if (run.Wants(Decoding.Name))
        {
            run.Add(Decoding.Measure(run));
        }
        var rates = new Rates(run, stage);
        await RepeatAsync(run, "rates", () => rates.MeasureOnceAsync(run.Wants(Freshness.Name), cancellation));
        AddAll(run, rates.Figures());
        run.TakeBaseline();
        if (run.Wants(Freshness.Name))
        {
            var freshness = new Freshness(run, stage, rates.Highest!.Median / 2);
            await RepeatAsync(run, Freshness.Name, () => freshness.MeasureOnceAsync(cancellation));
            AddAll(run, freshness.Figures());
        }
        if (run.Wants(HotEvent.Name))
        {
            var hot = new HotEvent(run, stage);
            await RepeatAsync(run, HotEvent.Name, () => hot.MeasureOnceAsync(cancellation));
            AddAll(run, hot.Figures());
        }
        if (run.Wants(LongSnapshot.Name))
        {
            run.Say($"cdcsink: {LongSnapshot.Name}");
            await new LongSnapshot(run, stage).MeasureAsync(cancellation);
        }
        if (run.Wants(Queries.Name))
        {
            run.Say("cdcsink: queries");
            await new Queries(run, stage).MeasureAsync(cancellation);
        }
    }

    static async Task RepeatAsync(BenchRun run, string what, Func<Task> onceAsync)
    {
        for (var repetition = 1; repetition <= run.Repetitions; repetition++)
        {
            run.Say($"cdcsink: {what}, repetition {repetition} of {run.Repetitions}");
            await onceAsync();
        }
    }

    static void AddAll(BenchRun run, IEnumerable<Figure> figures)
    {
        foreach (var figure in figures)
        {
            run.Add(figure);
        }
    }
}
