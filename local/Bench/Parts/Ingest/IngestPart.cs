using System.Globalization;
using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Ingest beside what limits it: rates through both doors, hard cases, latency, memory, a long journal.</summary>
sealed class IngestPart : IBenchPart
{
    const string LatencyName = "publish → commit",
        MemoryName = "worker's memory",
        JournalName = "Kafka door, long journal";

    public string Name => "ingest";

    public string About => "commands into PostgreSQL, beside PostgreSQL's own limit and the usual ways";

    /// <summary>Whether something is measured that is compared with the Kafka door's rate, or follows from it.</summary>
    public static bool NeedsHighest(BenchRun run) => run.Wants(LatencyName);

    public async Task MeasureAsync(BenchRun run, CancellationToken cancellation)
    {
        run.Say("ingest: starting PostgreSQL and RabbitMQ");
        await using var stage = await IngestStage.SetAsync(Path.Combine(run.Folder, "ingest"), run.Profile);
        var rates = new Rates(run, stage);
        await RepeatAsync(run, "rates", () => rates.MeasureOnceAsync(cancellation));
        AddAll(run, rates.Figures());
        run.TakeBaseline();
        if (run.IsNamed(Alternatives.Name))
        {
            var alternatives = new Alternatives(run, stage);
            await RepeatAsync(run, "alternatives", () => alternatives.MeasureOnceAsync(cancellation));
            AddAll(run, alternatives.Figures());
        }
        if (run.IsNamed(TakingAlone.Name))
        {
            var taking = new TakingAlone(run, stage);
            await RepeatAsync(run, TakingAlone.Name, () => taking.MeasureOnceAsync(cancellation));
            AddAll(run, taking.Figures());
        }
        if (run.Wants(LatencyName))
        {
            var latency = new Latency(run, stage, rates.Highest.Median / 2);
            await RepeatAsync(run, LatencyName, () => latency.MeasureOnceAsync(cancellation));
            AddAll(run, latency.Figures());
        }
        if (run.Wants(JournalName))
        {
            run.Add(await LongJournalAsync(run, stage, rates, cancellation));
        }
        if (run.Wants(MemoryName))
        {
            run.Say($"ingest: {MemoryName}");
            var memory = new WorkerMemory(run, stage);
            await memory.MeasureAsync(cancellation);
            AddAll(run, memory.Figures());
        }
    }

    static async Task<Figure> LongJournalAsync(BenchRun run, IngestStage stage, Rates rates, CancellationToken cancellation)
    {
        // Of 20,000 users each has a page of its own in the indexes by user from three million rows on.
        var commands = run.Quick ? 3_000_000L : 10_000_000L;
        run.Say($"ingest: filling a journal with {commands:N0} commands, their bets and their ledger entries");
        await using var database = await stage.DatabaseAsync();
        await LongJournal.FillAsync(database, run, commands, cancellation);
        // Filling takes minutes, and a ratio is between neighbours in time.
        var (values, empty) = (new List<double>(), new List<double>());
        await RepeatAsync(run, JournalName, async () =>
        {
            empty.Add(await rates.KafkaAsync(Shape.Uniform, cancellation));
            values.Add(await rates.KafkaAsync(database, Shape.Uniform, commands + 1 + (values.Count * Step), cancellation));
            run.Say($"  empty {FigureTable.Number(empty[^1])} commands/s, long {FigureTable.Number(values[^1])} commands/s");
        });
        return new Figure(
            "ingest",
            string.Create(CultureInfo.InvariantCulture, $"{JournalName}: {commands / 1_000_000} M commands"),
            new Samples(values),
            "commands/s"
        )
        {
            Peer = new Peer("the same on an empty journal, in turn", new Samples(empty)),
            Target = Target.AtLeast(0.9),
            Note = "as many bets and twice as many ledger entries, all with their indexes",
        };
    }

    // More bet ids than one measurement uses.
    const long Step = 1_000_000;

    static async Task RepeatAsync(BenchRun run, string what, Func<Task> onceAsync)
    {
        for (var repetition = 1; repetition <= run.Repetitions; repetition++)
        {
            run.Say($"ingest: {what}, repetition {repetition} of {run.Repetitions}");
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
