using Betting.Hosting;
using ClickHouse.Driver;
using Cronos;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Runs;

/// <summary>Runs on start, on schedule and when asked for; a run that could not compare is tried again before that.</summary>
sealed class ScheduleLoop(
    Reconciliation reconciliation, RunStore store, RequestStore requests, ReconcilerMetrics metrics, Heartbeats heartbeats, Outages outages,
    IOptions<ReconcilerOptions> options, TimeProvider clock, ILogger<ScheduleLoop> log) : IWorkerLoop
{
    static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(5), RequestLimit = TimeSpan.FromSeconds(5);

    public string Name => "schedule";

    public async Task RunAsync(CancellationToken stopping)
    {
        var schedule = CronExpression.Parse(options.Value.Schedule);
        var due = options.Value.RunOnStart ? clock.GetUtcNow() : NextAfter(schedule, clock.GetUtcNow());
        var trigger = options.Value.RunOnStart ? "start" : "schedule";
        var answerFrom = DateTimeOffset.MinValue;
        while (true)
        {
            var asked = await WaitUntilAsync(due, answerFrom, stopping);
            var report = await RunBeatingAsync(clock.GetUtcNow() < due ? "request" : trigger, stopping);
            trigger = "schedule";
            var now = clock.GetUtcNow();
            due = NextAfter(schedule, now);
            answerFrom = now;
            if (report.Outcome == RunOutcome.CouldNotCompare)
            {
                answerFrom = now + options.Value.RetryAfter;
                due = answerFrom < due ? answerFrom : due;
            }
            else if (asked.Count > 0)
            {
                await ClickHouseAsync(() => requests.AnswerAsync(asked, report.RunId!.Value, stopping), stopping);
            }
            ReconcilerLog.NextRun(log, due);
        }
    }

    /// <returns>What others asked for, when it is time to run: it is due, or was asked for.</returns>
    async Task<IReadOnlyList<string>> WaitUntilAsync(DateTimeOffset due, DateTimeOffset answerFrom, CancellationToken stopping)
    {
        while (true)
        {
            await LookAtHistoryAsync(stopping);
            heartbeats.Beat(Name);
            IReadOnlyList<string> asked = [];
            await ClickHouseAsync(async () =>
            {
                using var limit = new CancellationTokenSource(RequestLimit, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
                asked = await requests.OpenAsync(either.Token);
            }, stopping);
            var left = due - clock.GetUtcNow();
            if (left <= TimeSpan.Zero || (asked.Count > 0 && clock.GetUtcNow() >= answerFrom))
            {
                return asked;
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
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested && outages.Failed("stores", failure))
        {
            // The age of the last comparison grows meanwhile.
        }
    }

    /// <summary>Requests wait while ClickHouse is away; a run itself says what is wrong with it.</summary>
    async Task ClickHouseAsync(Func<Task> ask, CancellationToken stopping)
    {
        try
        {
            await ask();
        }
        catch (Exception failure) when (failure is ClickHouseServerException or HttpRequestException or IOException || (failure is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            ReconcilerLog.RequestsUnknown(log, failure);
        }
    }

    // A schedule without a next time (such as the 30th of February) never runs again; the options' check cannot know that.
    static DateTimeOffset NextAfter(CronExpression schedule, DateTimeOffset now) =>
        schedule.GetNextOccurrence(now, TimeZoneInfo.Utc) ?? DateTimeOffset.MaxValue;
}
