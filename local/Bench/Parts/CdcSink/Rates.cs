using System.Globalization;
using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>Rates from records that were published beforehand, each stream beside its limits.</summary>
sealed class Rates(BenchRun run, SinkStage stage)
{
    const string Known = "bets inserted, users and events known",
        Mixed = "mixed stream of traffic";
    const string Limit = "limit (a): raw RowBinary of the same rows",
        Own = "the same rows as the worker sends them",
        Consume = "limit (b): consume and throw away",
        Tables = "peer (c): Kafka tables and materialised views",
        Inserts = "the same views, envelopes inserted as JSONEachRow";
    const string FewerRows = "(a) without what users and events rewrite";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    readonly int _warmUp = run.Quick ? 200_000 : 400_000,
        _measured = run.Quick ? 400_000 : 1_000_000;
    readonly Dictionary<string, List<double>> _rates = [];

    /// <summary>The rate of the mixed stream.</summary>
    public Samples? Highest => Of(Mixed);

    public async Task MeasureOnceAsync(bool needsHighest, CancellationToken cancellation)
    {
        foreach (
            var (name, next) in new (string, Func<SourceStream, MadeRecord>)[]
            {
                (Known, stream => stream.NewBet()),
                (Mixed, stream => stream.Mixed()),
            }
        )
        {
            if (run.Wants(name) || (name == Mixed && needsHighest))
            {
                await MeasureAsync(name, next, cancellation);
            }
        }
    }

    public IEnumerable<Figure> Figures()
    {
        foreach (var (name, least) in new[] { (Known, 0.5), (Mixed, 0.35) })
        {
            if (Of(name) is not { } rate)
            {
                continue;
            }
            yield return Row(name, Limit, least);
            if (name == Mixed)
            {
                yield return Row(name, FewerRows, null);
            }
            yield return Row(name, Own, null);
            yield return Row(name, Consume, null);
            yield return Row(name, Tables, name == Mixed ? 3 : null);
            yield return Row(name, Inserts, null);
            if (name == Known)
            {
                yield return new Figure("cdcsink", name, rate, "changes/s") { Target = Target.AtLeast(150_000) };
            }
        }
    }

    async Task MeasureAsync(string name, Func<SourceStream, MadeRecord> next, CancellationToken cancellation)
    {
        var stream = new SourceStream(SinkStage.Users, SinkStage.Events, run.Clock);
        List<MadeRecord> dimensions = [.. stream.Dimensions()],
            warmUp = Take(stream, next, _warmUp),
            measured = Take(stream, next, _measured);
        await using (var database = await stage.DatabaseAsync())
        {
            Note(name, await SinkAsync(database, dimensions, warmUp, measured, cancellation));
        }
        Note(
            Consume + ", " + name,
            ConsumeOnly.Rate(stage.KafkaBootstrap, dimensions.Count + warmUp.Count, measured.Count, run.Clock, cancellation)
        );
        IEnumerable<MadeRecord> before = dimensions.Concat(warmUp);
        await RowsAsync(Limit, rows => rows.RawRateAsync(before, measured, cancellation));
        await RowsAsync(Own, rows => rows.RateAsync(before, measured, cancellation));
        if (name == Mixed)
        {
            await RowsAsync(FewerRows, rows => rows.RawRateAsync(before, measured, cancellation), rewrites: false);
        }
        await using (var database = await stage.DatabaseAsync())
        {
            Note(
                Tables + ", " + name,
                await KafkaTables.RateAsync(database, stage.KafkaBootstrap, dimensions.Count, warmUp.Count + measured.Count, cancellation)
            );
        }
        await using (var database = await stage.DatabaseAsync())
        {
            Note(Inserts + ", " + name, await EnvelopeInserts.RateAsync(database, before, measured, run.Clock, cancellation));
        }

        async Task RowsAsync(string limit, Func<PreparedRows, Task<double>> rateAsync, bool rewrites = true)
        {
            await using var database = await stage.DatabaseAsync();
            using var rows = new PreparedRows(database, run.Clock, rewrites);
            Note(limit + ", " + name, await rateAsync(rows));
            run.Say(string.Create(CultureInfo.InvariantCulture, $"  {limit}: {rows.JoinedAChange:F2} rows of bets a change"));
        }
    }

    async Task<double> SinkAsync(
        SinkDatabase database,
        List<MadeRecord> dimensions,
        List<MadeRecord> warmUp,
        List<MadeRecord> measured,
        CancellationToken cancellation
    )
    {
        await stage.FreshKafkaAsync();
        TopicFeed.Preload(stage.KafkaBootstrap, dimensions.Select(StreamMessage.Of));
        await using (var first = SinkWorker.Start(stage, database))
        {
            await first.VisibleAsync(database, dimensions.Count, Patience, cancellation);
        }
        TopicFeed.Preload(stage.KafkaBootstrap, warmUp.Concat(measured).Select(StreamMessage.Of));
        await using var worker = SinkWorker.Start(stage, database);
        var start = await worker.VisibleAsync(database, dimensions.Count + warmUp.Count, Patience, cancellation);
        var (joined, profile) = (await worker.JoinedAsync(cancellation), await SinkProfile.BeginAsync(stage, worker, cancellation));
        var end = await worker.VisibleAsync(database, dimensions.Count + warmUp.Count + measured.Count, Patience, cancellation);
        await profile.TellAsync(run, end.Records - start.Records, cancellation);
        joined = await worker.JoinedAsync(cancellation) - joined;
        run.Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  the worker wrote {joined / (end.Records - start.Records):F2} rows of bets a change"
            )
        );
        return (end.Records - start.Records) / (end.At - start.At);
    }

    static List<MadeRecord> Take(SourceStream stream, Func<SourceStream, MadeRecord> next, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => next(stream))];

    void Note(string name, double rate)
    {
        _rates.TryAdd(name, []);
        _rates[name].Add(rate);
        run.Say($"  {name}: {FigureTable.Number(rate)} changes/s");
    }

    Figure Row(string name, string peer, double? least) =>
        new("cdcsink", name, Of(name)!, "changes/s")
        {
            Peer = new Peer(peer, Of($"{peer}, {name}")!),
            Target = least is { } ratio ? Target.AtLeast(ratio) : null,
        };

    Samples? Of(string name) => _rates.TryGetValue(name, out var values) ? new Samples(values) : null;
}
