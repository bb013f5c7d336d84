using Betting.Contracts;
using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>One event that very many bets name changes its status, while other bets come at a steady rate.</summary>
sealed class HotEvent(BenchRun run, SinkStage stage)
{
    public const string Name = "one event's bets";

    const int Users = 100_000,
        Events = 2_000;

    // What a betting site takes in a busy minute; the worker's limits are measured elsewhere.
    const double OtherBets = 2_000;

    // Ten seconds of them, so that the broker's own work does not grow with the measurement.
    const int KeptBatches = 2_000;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    readonly long _bets = run.Quick ? 300_000 : 1_000_000;
    readonly List<double> _right = [],
        _calm = [],
        _meanwhile = [];

    public async Task MeasureOnceAsync(CancellationToken cancellation)
    {
        await using var database = await stage.DatabaseAsync();
        await SeededBets.WriteAsync(database, _bets, Users, Events, 1, _bets, run.Say, cancellation);
        await stage.FreshKafkaAsync(KeptBatches);
        var stream = new SourceStream(Users, Events, run.Clock) { FirstBet = _bets + 1 };
        await using var worker = SinkWorker.Start(stage, database);
        using var feed = new TopicFeed(stage.KafkaBootstrap, TimeSpan.FromMilliseconds(5));
        var others = new SteadyTraffic(feed, () => stream.NewBet(onEvent: 2), OtherBets, run.Clock);
        await others.SendAsync(TimeSpan.FromSeconds(10), () => false, cancellation);
        var start = await worker.LagAsync("bets", cancellation);
        await others.SendAsync(TimeSpan.FromSeconds(10), () => false, cancellation);
        var before = await worker.LagAsync("bets", cancellation);
        _calm.Add(before.Since(start).Quantile(0.95));

        var profile = await SinkProfile.BeginAsync(stage, worker, cancellation);
        var changed = run.Clock.GetTimestamp();
        feed.Send(StreamMessage.Of(stream.Move(1, "LIVE")));
        var right = RecordedAsync(database, cancellation);
        await others.SendAsync(Patience, () => right.IsCompleted, cancellation);
        await right;
        _right.Add(run.Clock.GetElapsedTime(changed).TotalSeconds);
        await profile.TellAsync(run, _bets, cancellation);
        _meanwhile.Add((await worker.LagAsync("bets", cancellation)).Since(before).Quantile(0.95));
        var shown = await database.NumberAsync(
            "SELECT count() FROM bets_analytics WHERE event_id = 1 AND event_status = 'LIVE'",
            cancellation
        );
        if (shown != _bets)
        {
            throw new InvalidOperationException($"the event's change is recorded as visible, and {shown:N0} of {_bets:N0} bets show it");
        }
        run.Say(
            $"  {_bets:N0} bets right after {_right[^1]:F1} s; other bets' p95 {_calm[^1]:F2} s before, {_meanwhile[^1]:F2} s meanwhile"
        );
    }

    public IEnumerable<Figure> Figures()
    {
        var bets = FigureTable.Number(_bets);
        yield return new Figure("cdcsink", $"{Name} ({bets}): until all show its new status", new Samples(_right), "s")
        {
            Target = Target.Below(10),
        };
        yield return new Figure("cdcsink", $"{Name} ({bets}): other bets' commit → visible meanwhile, p95", new Samples(_meanwhile), "s")
        {
            Peer = new Peer("the same before", new Samples(_calm)),
            Target = Target.Below(2),
        };
    }

    // The worker records the event's topic once all its bets are right: asking for that costs nothing, counting them would be what is
    // measured.
    static Task RecordedAsync(SinkDatabase database, CancellationToken cancellation) =>
        Deadline.UntilAsync(
            "the hot event's change to be recorded",
            Patience,
            async () =>
                await database.NumberAsync(
                    $"SELECT sum(next_offset) FROM sink_progress FINAL WHERE topic = "
                        + $"'{new ChangeTopics(ChangeTopics.DefaultPrefix).Events}'",
                    cancellation
                ) > 0,
            cancellation
        );
}
