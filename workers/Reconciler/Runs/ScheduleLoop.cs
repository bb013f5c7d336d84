using Betting.Hosting;
using Cronos;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Reconciler.Runs;

/// <summary>Runs on start and on schedule; a run that could not compare is tried again before that.</summary>
sealed class ScheduleLoop(
    Reconciliation reconciliation, RunStore store, ReconcilerMetrics metrics, Heartbeats heartbeats, Readiness readiness,
    IOptions<ReconcilerOptions> options, TimeProvider clock, ILogger<ScheduleLoop> log) : IWorkerLoop
{
    static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(5);

    public string Name => "schedule";

    public async Task RunAsync(CancellationToken stopping)
    {
        var schedule = CronExpression.Parse(options.Value.Schedule);
        readiness.Require("postgres");
        var due = options.Value.RunOnStart ? clock.GetUtcNow() : NextAfter(schedule, clock.GetUtcNow());
        var trigger = options.Value.RunOnStart ? "start" : "schedule";
        while (true)
        {
            await WaitUntilAsync(due, stopping);
            var report = await RunBeatingAsync(trigger, stopping);
            trigger = "schedule";
            var now = clock.GetUtcNow();
            due = NextAfter(schedule, now);
            if (report.Outcome == RunOutcome.CouldNotCompare && now + options.Value.RetryAfter < due)
            {
                due = now + options.Value.RetryAfter;
            }
            ReconcilerLog.NextRun(log, due);
        }
    }

    async Task WaitUntilAsync(DateTimeOffset due, CancellationToken stopping)
    {
        while (true)
        {
            await LookAtHistoryAsync(stopping);
            heartbeats.Beat(Name);
            var left = due - clock.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                return;
            }
            await Task.Delay(left < BeatEvery ? left : BeatEvery, clock, stopping);
        }
    }

    async Task<RunReport> RunBeatingAsync(string trigger, CancellationToken stopping)
    {
        var run = reconciliation.RunAsync(trigger, patience: TimeSpan.Zero, new Progress<string>(step => ReconcilerLog.Step(log, step)), stopping);
        while (await Task.WhenAny(run, Task.Delay(BeatEvery, clock, stopping)) != run && !stopping.IsCancellationRequested)
        {
            heartbeats.Beat(Name);
        }
        return await run;
    }

    /// <summary>The age of the last comparison counts whoever made it, another replica or a process before this one.</summary>
    async Task LookAtHistoryAsync(CancellationToken stopping)
    {
        try
        {
            if (await store.LastComparedAsync(stopping) is { } at)
            {
                metrics.NoteCompared(new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)));
            }
            readiness.Set("postgres", true);
        }
        catch (NpgsqlException failure)
        {
            readiness.Set("postgres", false, failure.SqlState ?? "no connection");
        }
    }

    // A schedule without a next time (such as the 30th of February) never runs again; the options' check cannot know that.
    static DateTimeOffset NextAfter(CronExpression schedule, DateTimeOffset now) =>
        schedule.GetNextOccurrence(now, TimeZoneInfo.Utc) ?? DateTimeOffset.MaxValue;
}
