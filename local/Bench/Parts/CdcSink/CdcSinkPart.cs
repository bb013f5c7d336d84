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
        var rates = new Rates(run, stage);
        for (var repetition = 1; repetition <= run.Repetitions; repetition++)
        {
            run.Say($"cdcsink: rates, repetition {repetition} of {run.Repetitions}");
            await rates.MeasureOnceAsync(needsHighest: false, cancellation);
        }
        foreach (var figure in rates.Figures())
        {
            run.Add(figure);
        }
    }
}
