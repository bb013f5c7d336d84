using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>A snapshot of very many bets: the rate of its second half beside its first, and the worker's memory.</summary>
sealed class LongSnapshot(BenchRun run, SinkStage stage)
{
    public const string Name = "snapshot";

    // Published so far ahead that the worker never waits.
    const int Ahead = 400_000,
        Chunk = 50_000;

    // About a million records of each partition: the broker keeps them in memory, and ten millions would take it from the engine.
    const int KeptBatches = 1_000;

    readonly int _bets = run.Quick ? 1_000_000 : 10_000_000;

    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await stage.FreshKafkaAsync(KeptBatches);
        var stream = new SourceStream(SinkStage.Users, SinkStage.Events, run.Clock);
        List<MadeRecord> dimensions = [.. stream.Dimensions()];
        TopicFeed.Preload(stage.KafkaBootstrap, dimensions.Select(StreamMessage.Of));
        await using var worker = SinkWorker.Start(stage, database);
        await worker.VisibleAsync(database, dimensions.Count, TimeSpan.FromMinutes(5), cancellation);
        // The local broker looks for an offset batch by batch, so ten million records are to come in few of them.
        using var feed = new TopicFeed(stage.KafkaBootstrap, TimeSpan.FromMilliseconds(200));
        // The first tenth is not counted: the worker compiles its hot paths then.
        double started = 0,
            half = 0,
            ended = 0,
            highest = 0;
        long from = 0,
            middle = 0;
        for (long sent = 0, visible = 0; visible < _bets; )
        {
            for (; sent < Math.Min(_bets, visible + Ahead); sent += Chunk)
            {
                for (var i = 0; i < Chunk; i++)
                {
                    feed.Send(StreamMessage.Of(stream.ReadBet()));
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), run.Clock, cancellation);
            var progress = await database.ProgressAsync(cancellation);
            visible = progress.Records - dimensions.Count;
            (started, from) = started == 0 && visible >= _bets / 10 ? (progress.At, visible) : (started, from);
            (half, middle) = half == 0 && visible >= _bets * 55L / 100 ? (progress.At, visible) : (half, middle);
            (ended, highest) = (progress.At, worker.Memory().Highest);
        }
        var (first, second) = ((middle - from) / (half - started), (_bets - middle) / (ended - half));
        run.Say($"  {_bets:N0} bets: {first:N0}/s, then {second:N0}/s, memory at most {highest:F0} MB");
        run.Add(
            new Figure("cdcsink", $"{Name} of {FigureTable.Number(_bets)} bets, second half", new Samples(second), "changes/s")
            {
                Peer = new Peer("its first half", new Samples(first)),
                Target = Target.AtLeast(0.8),
            }
        );
        run.Add(
            new Figure("cdcsink", $"{Name} of {FigureTable.Number(_bets)} bets, worker's memory at its highest", new Samples(highest), "MB")
            {
                Target = Target.Below(300),
            }
        );
    }
}
