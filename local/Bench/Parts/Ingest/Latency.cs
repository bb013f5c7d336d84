using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// From the stamp at publishing to the commit in PostgreSQL, for every command, while they come at a steady rate whether or
/// not the worker keeps up: a pause of the worker is in the latency of all that waited for it.
/// </summary>
sealed class Latency(BenchRun run, IngestStage stage, double rate)
{
    const string Note =
        "from issuedAt, stamped when it is handed to the client, to PostgreSQL's commit timestamp; the flush to disk "
        + "that follows is not in it";

    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    // Three seconds of them, so that the broker's own work does not grow with the measurement; what is lost that way ends it.
    const int KeptBatches = 600;

    // The worker compiles its hot paths meanwhile; these are not counted.
    readonly TimeSpan _warmUp = TimeSpan.FromSeconds(run.Quick ? 10 : 15),
        _measured = TimeSpan.FromSeconds(run.Quick ? 10 : 30);
    readonly List<double> _p50 = [],
        _p95 = [],
        _p99 = [];

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await stage.FreshKafkaAsync(KeptBatches);
        var workload = new Workload(Shape.Uniform, 0, 0, run.Clock);
        await using var worker = IngestWorker.Start(stage, database, IngestWorker.Kafka);
        using var feed = new TopicFeed(stage.KafkaBootstrap, TimeSpan.FromMilliseconds(5));
        await SendAsync(feed, workload, _warmUp, cancellation);
        var first = workload.Next();
        feed.Send(KafkaCommand.Of(first));
        await SendAsync(feed, workload, _measured, cancellation);
        var last = workload.Next();
        feed.Send(KafkaCommand.Of(last));
        feed.Flush();
        await worker.UntilAsync("the last outcome", TimeSpan.FromMinutes(2), () => Journal.HasAsync(database, [last.Id]), cancellation);
        var milliseconds = await Journal.LatenciesAsync(database, first.BetId, 0.5, 0.95, 0.99);
        if (run.Profile)
        {
            run.Say(
                $"  p95 by second, ms: "
                    + $"{string.Join(' ', (await Journal.LatenciesBySecondAsync(database, first.BetId)).Select(p95 => FigureTable.Number(p95 * 1000)))}"
            );
        }
        _p50.Add(milliseconds[0] * 1000);
        _p95.Add(milliseconds[1] * 1000);
        _p99.Add(milliseconds[2] * 1000);
        run.Say($"  Kafka door at {FigureTable.Number(rate)} commands/s: p50 {_p50[^1]:F1} ms, p95 {_p95[^1]:F1} ms, p99 {_p99[^1]:F1} ms");
    }

    public IEnumerable<Figure> Figures()
    {
        var at = $"publish → commit at half of the highest rate ({FigureTable.Number(rate)}/s)";
        yield return new Figure("ingest", at + ", p50", new Samples(_p50), "ms") { Note = Note };
        yield return new Figure("ingest", at + ", p95", new Samples(_p95), "ms") { Target = Target.Below(50), Note = Note };
        yield return new Figure("ingest", at + ", p99", new Samples(_p99), "ms") { Target = Target.Below(150), Note = Note };
    }

    async Task SendAsync(TopicFeed feed, Workload workload, TimeSpan time, CancellationToken cancellation)
    {
        var (started, sent) = (run.Clock.GetTimestamp(), 0);
        while (run.Clock.GetElapsedTime(started) is var elapsed && elapsed < time)
        {
            for (var due = (int)(elapsed.TotalSeconds * rate); sent < due; sent++)
            {
                feed.Send(KafkaCommand.Of(workload.Next()));
            }
            await Task.Delay(Tick, run.Clock, cancellation);
        }
    }
}
