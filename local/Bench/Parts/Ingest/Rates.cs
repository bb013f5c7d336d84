using Betting.Brokers;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// Rates from messages that were published beforehand. The measurements of one repetition follow one another, so that a
/// ratio is between neighbours in time.
/// </summary>
sealed class Rates
{
    const string Limit = "limit (a): the same SQL on prepared arrays",
        Usual = "usual way (b): a transaction a command, 8 connections",
        Empty = "limit (c): MassTransit, empty consumer",
        Kafka = "Kafka door, uniform users",
        Rabbit = "RabbitMQ door, uniform users";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    static readonly (Shape Shape, string Name, double Target)[] Hard =
    [
        (Shape.OneUser, "Kafka door, all bets of one user", 0.5),
        (Shape.OneEvent, "Kafka door, all bets on one event", 0.9),
        (Shape.Duplicates, "Kafka door, 20% duplicates", 0.8),
        (Shape.Parked, "Kafka door, 20% parked", 0.8),
        (Shape.Refused, "Kafka door, 20% refused", 0.8),
    ];

    readonly BenchRun _run;
    readonly IngestStage _stage;
    readonly int _warmUp,
        _measured;
    readonly List<(string Name, Func<CancellationToken, Task<double>> MeasureAsync)> _measurements = [];
    readonly Dictionary<string, List<double>> _rates = [];

    public Rates(BenchRun run, IngestStage stage)
    {
        (_run, _stage) = (run, stage);
        // Below 100,000 commands half of the worker's processor time is still its own compilation.
        (_warmUp, _measured) = (120_000, run.Quick ? 100_000 : 200_000);
        Add(Limit, LimitAsync);
        Add(Usual, UsualAsync);
        Add(Kafka, cancellation => KafkaAsync(Shape.Uniform, cancellation));
        Add(Empty, EmptyAsync);
        Add(Rabbit, RabbitAsync);
        foreach (var (shape, name, _) in Hard)
        {
            Add(name, cancellation => KafkaAsync(shape, cancellation));
        }
    }

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        foreach (var (name, measureAsync) in _measurements)
        {
            var rate = await measureAsync(cancellation);
            _rates.TryAdd(name, []);
            _rates[name].Add(rate);
            _run.Say($"  {name}: {FigureTable.Number(rate)} commands/s");
        }
    }

    /// <summary>The rates of the Kafka door with uniform users.</summary>
    public Samples Highest => Of(Kafka)!;

    public IEnumerable<Figure> Figures()
    {
        foreach (var name in new[] { Limit, Usual, Empty }.Where(name => _rates.ContainsKey(name)))
        {
            yield return Row(name, null, null);
        }
        foreach (var figure in Compared())
        {
            yield return figure;
        }
    }

    IEnumerable<Figure> Compared()
    {
        if (_rates.ContainsKey(Kafka))
        {
            yield return Row(Kafka, Limit, Target.AtLeast(0.7));
            yield return Row(Kafka, Usual, Target.AtLeast(10));
        }
        if (Of(Rabbit) is { } rabbit)
        {
            var peer = (Of(Empty), Of(Kafka)) is ({ } empty, { } kafka)
                ? new Peer("smaller of (c) and the Kafka door", empty.OrLess(kafka))
                : null;
            yield return new Figure("ingest", Rabbit, rabbit, "commands/s")
            {
                Peer = peer,
                Target = peer is null ? null : Target.AtLeast(0.9),
            };
        }
        foreach (var (_, name, least) in Hard.Where(hard => _rates.ContainsKey(hard.Name)))
        {
            yield return Row(name, Kafka, Target.AtLeast(least));
        }
    }

    Figure Row(string name, string? peer, Target? target)
    {
        var other = peer is null ? null : Of(peer);
        return new Figure("ingest", name, Of(name)!, "commands/s")
        {
            Peer = other is null ? null : new Peer(peer!, other),
            Target = other is null ? null : target,
        };
    }

    Samples? Of(string name) => _rates.TryGetValue(name, out var values) ? new Samples(values) : null;

    void Add(string name, Func<CancellationToken, Task<double>> measureAsync)
    {
        if (_run.Wants(name) || (name == Kafka && IngestPart.NeedsHighest(_run)))
        {
            _measurements.Add((name, measureAsync));
        }
    }

    async Task<double> LimitAsync(CancellationToken cancellation)
    {
        await using var database = await _stage.DatabaseAsync();
        var workload = new Workload(Shape.Uniform, _warmUp, _measured, _run.Clock);
        var profile = _run.Profile ? await Profile.OfAsync(_run, _stage.Processes, database) : null;
        var rate = await PreparedSql.RateAsync(database, workload, Variation.None, _run.Clock, cancellation);
        await (profile?.TellAsync(database) ?? Task.CompletedTask);
        return rate;
    }

    async Task<double> UsualAsync(CancellationToken cancellation)
    {
        await using var database = await _stage.DatabaseAsync();
        return await OneByOne.RateAsync(database, new Workload(Shape.Uniform, 5_000, _measured / 8, _run.Clock), _run.Clock, cancellation);
    }

    async Task<double> EmptyAsync(CancellationToken cancellation)
    {
        var workload = new Workload(Shape.Uniform, _warmUp, _measured, _run.Clock);
        await _stage.FreshRabbitAsync();
        await RabbitFeed.PreloadAsync(_stage.RabbitUri, workload.All);
        return await EmptyConsumer.RateAsync(
            _stage.RabbitUri,
            QueueKind.Quorum,
            RabbitConsumer.Prefetch,
            _warmUp,
            _measured,
            _run.Clock,
            cancellation
        );
    }

    /// <summary>The rate of the Kafka door on a database of its own.</summary>
    public async Task<double> KafkaAsync(Shape shape, CancellationToken cancellation)
    {
        await using var database = await _stage.DatabaseAsync();
        return await KafkaAsync(database, shape, 1, cancellation);
    }

    /// <summary>The rate of the Kafka door on a database that is there already.</summary>
    /// <param name="firstBet">From where on bet ids are free.</param>
    public async Task<double> KafkaAsync(BenchDatabase database, Shape shape, long firstBet, CancellationToken cancellation)
    {
        var workload = new Workload(shape, _warmUp, _measured, _run.Clock, firstBet);
        await _stage.FreshKafkaAsync();
        TopicFeed.Preload(_stage.KafkaBootstrap, workload.All.Select(KafkaCommand.Of));
        return await WorkAsync(database, workload, IngestWorker.Kafka, cancellation);
    }

    async Task<double> RabbitAsync(CancellationToken cancellation)
    {
        await using var database = await _stage.DatabaseAsync();
        var workload = new Workload(Shape.Uniform, _warmUp, _measured, _run.Clock);
        await _stage.FreshRabbitAsync();
        await RabbitFeed.PreloadAsync(_stage.RabbitUri, workload.All);
        return await WorkAsync(database, workload, IngestWorker.RabbitMq, cancellation);
    }

    async Task<double> WorkAsync(BenchDatabase database, Workload workload, string door, CancellationToken cancellation)
    {
        Guid[] last = [.. workload.LastOfPartitions()];
        await using (var worker = IngestWorker.Start(_stage, database, door))
        {
            var profile = _run.Profile
                ? await Profile.OfAsync(_run, new Dictionary<string, int>(_stage.Processes) { ["worker"] = worker.ProcessId }, database)
                : null;
            await worker.UntilAsync("the last outcome", Patience, () => Journal.HasAsync(database, last), cancellation);
            await (profile?.TellAsync(database) ?? Task.CompletedTask);
        }
        await Journal.CheckAsync(database, workload);
        return await Journal.RateAsync(database, workload);
    }
}
