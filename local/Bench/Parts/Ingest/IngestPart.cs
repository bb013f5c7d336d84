namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Ingest beside what limits it: rates through both doors, hard cases, latency, memory, a long journal.</summary>
sealed class IngestPart : IBenchPart
{
    public string Name => "ingest";

    public string About => "commands into PostgreSQL, beside PostgreSQL's own limit and the usual ways";

    public async Task MeasureAsync(BenchRun run, CancellationToken cancellation)
    {
        run.Say("ingest: starting PostgreSQL and RabbitMQ");
        await using var stage = await IngestStage.SetAsync(Path.Combine(run.Folder, "ingest"), run.Profile);
        var rates = new Rates(run, stage);
        for (var repetition = 1; repetition <= run.Repetitions; repetition++)
        {
            run.Say($"ingest: repetition {repetition} of {run.Repetitions}");
            await rates.MeasureOnceAsync(cancellation);
            if (repetition == (run.Repetitions + 1) / 2)
            {
                run.TakeBaseline();
            }
        }
        foreach (var figure in rates.Figures())
        {
            run.Add(figure);
        }
    }
}
