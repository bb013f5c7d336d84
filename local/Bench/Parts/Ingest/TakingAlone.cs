using Betting.Brokers;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// What it takes to get messages off RabbitMQ and to acknowledge them, with nothing done to them: through MassTransit, and through
/// RabbitMQ.Client with one acknowledgement a batch. What docs/decisions/ingest-rabbitmq-batches.md compares; measured only
/// when it is asked for by name.
/// </summary>
sealed class TakingAlone(BenchRun run, IngestStage stage)
{
    public const string Name = "alternative: taking alone";

    const int WarmUp = 40_000,
        Measured = 120_000;

    const ushort Prefetch = RabbitConsumer.Prefetch;

    readonly Dictionary<string, List<double>> _rates = [];

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        foreach (var kind in new[] { QueueKind.Quorum, QueueKind.Classic })
        {
            await MeasureAsync($"MassTransit, {kind} queue", kind, () =>
                EmptyConsumer.RateAsync(stage.RabbitUri, kind, Prefetch, WarmUp, Measured, run.Clock, cancellation)
            );
            foreach (var batch in new[] { 500, 2000 })
            {
                var prefetch = (ushort)Math.Max(Prefetch, batch * 2);
                await MeasureAsync($"RabbitMQ.Client, an ack for {batch}, prefetch {prefetch}, {kind} queue", kind, () =>
                    BatchAcks.RateAsync(stage.RabbitUri, prefetch, batch, WarmUp, Measured, run.Clock, cancellation)
                );
            }
        }
    }

    public IEnumerable<Figure> Figures() =>
        _rates.Select(rates => new Figure("ingest", $"{Name}: {rates.Key}", new Samples(rates.Value), "messages/s")
        {
            Peer = rates.Value == _rates.Values.First() ? null : new Peer(_rates.Keys.First(), new Samples(_rates.Values.First())),
        });

    async Task MeasureAsync(string name, QueueKind kind, Func<Task<double>> rateAsync)
    {
        await stage.FreshRabbitAsync(kind);
        await RabbitFeed.PreloadAsync(stage.RabbitUri, new Workload(Shape.Uniform, WarmUp, Measured, run.Clock).All);
        var profile = new Profile(run, stage.Processes);
        var rate = await rateAsync();
        run.Say($"  {name}: {FigureTable.Number(rate)} messages/s; {profile.Processors()}");
        _rates.TryAdd(name, []);
        _rates[name].Add(rate);
    }
}
