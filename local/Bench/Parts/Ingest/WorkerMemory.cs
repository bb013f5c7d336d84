using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Resident memory of the worker while it goes as fast as it can, without a pause.</summary>
sealed class WorkerMemory(BenchRun run, IngestStage stage)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // So many are waiting in the topic at any time that the worker never waits for them.
    const int Ahead = 100_000,
        Chunk = 20_000;

    // Several times what waits, so that the broker's own work and memory do not grow with the measurement.
    const int KeptBatches = 10_000;

    readonly TimeSpan _time = run.Quick ? TimeSpan.FromSeconds(30) : TimeSpan.FromMinutes(10);
    readonly List<double> _megabytes = [];
    double _highest;

    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await stage.FreshKafkaAsync(KeptBatches);
        var workload = new Workload(Shape.Uniform, 0, 0, run.Clock);
        using var feed = new TopicFeed(stage.KafkaBootstrap, TimeSpan.FromMilliseconds(20));
        await using var worker = IngestWorker.Start(stage, database, IngestWorker.Kafka);
        var (started, sent) = (run.Clock.GetTimestamp(), 0L);
        while (run.Clock.GetElapsedTime(started) < _time)
        {
            for (var applied = await AppliedAsync(database); sent < applied + Ahead; sent += Chunk)
            {
                for (var i = 0; i < Chunk; i++)
                {
                    feed.Send(KafkaCommand.Of(workload.Next()));
                }
            }
            await Task.Delay(Every, run.Clock, cancellation);
            (var now, _highest) = worker.Memory();
            _megabytes.Add(now);
        }
        run.Say(
            $"  {await AppliedAsync(database):N0} commands in {_time.TotalSeconds:F0} s, memory now {_megabytes[^1]:F0} MB, "
                + $"highest {_highest:F0} MB"
        );
    }

    public IEnumerable<Figure> Figures()
    {
        var note = run.Quick ? $"sampled every second for {_time.TotalSeconds:F0} s only" : "sampled every second for 10 minutes";
        var half = _megabytes.Count / 2;
        yield return new Figure("ingest", "worker's memory at the highest rate, at its highest", new Samples(_highest), "MB")
        {
            Target = Target.Below(300),
            Note = note,
        };
        yield return new Figure(
            "ingest",
            "worker's memory, second half of the time",
            new Samples(new Samples(_megabytes[half..]).Median),
            "MB"
        )
        {
            Peer = new Peer("its first half", new Samples(new Samples(_megabytes[..half]).Median)),
            Target = Target.Below(1.1),
            Note = note,
        };
    }

    // An estimate is enough here: what the statistics say has been inserted.
    static Task<long> AppliedAsync(BenchDatabase database) =>
        database.ScalarAsync<long>("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'commands'");
}
