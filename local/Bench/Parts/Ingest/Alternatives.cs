using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// Other ways to the same rows in PostgreSQL, each beside the worker's own, measured as the limit (a) is. What
/// docs/decisions/ingest-speed.md compares; measured only when it is asked for by name.
/// </summary>
sealed class Alternatives(BenchRun run, IngestStage stage)
{
    public const string Name = "alternative";

    const int WarmUp = 20_000,
        Measured = 60_000;

    readonly Dictionary<Variation, List<double>> _rates = [];

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        if (_rates.Count == 0)
        {
            // The bench's own compilation is nobody's figure.
            await RateAsync(Variation.None, cancellation);
        }
        foreach (var variation in Variation.Others.Prepend(Variation.None))
        {
            var rate = await RateAsync(variation, cancellation);
            _rates.TryAdd(variation, []);
            _rates[variation].Add(rate);
            run.Say($"  {variation.Name}: {FigureTable.Number(rate)} commands/s");
        }
    }

    public IEnumerable<Figure> Figures() =>
        _rates.Select(rates => new Figure("ingest", $"{Name}: {rates.Key.Name}", new Samples(rates.Value), "commands/s")
        {
            Peer = rates.Key == Variation.None ? null : new Peer(Variation.None.Name, new Samples(_rates[Variation.None])),
        });

    async Task<double> RateAsync(Variation variation, CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        return await PreparedSql.RateAsync(
            database,
            new Workload(Shape.Uniform, WarmUp, Measured, run.Clock),
            variation,
            run.Clock,
            cancellation
        );
    }
}
