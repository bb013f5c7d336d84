using Betting.Hosting;
using ClickHouse.Driver;
using Cronos;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Runs;

/// <summary>Runs on start, on schedule and when asked for; a run that could not compare is tried again before that.</summary>
sealed class ScheduleLoop(
    Reconciliation reconciliation,
    RunStore store,
    RequestStore requests,
    ReconcilerMetrics metrics,
    Heartbeats heartbeats,
    Outages outages,
    IOptions<ReconcilerOptions> options,
    TimeProvider clock,
    ILogger<ScheduleLoop> log
) : IWorkerLoop
{
    static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(5),
        RequestLimit = TimeSpan.FromSeconds(5);

    public string Name => "schedule";

    public async Task RunAsync(CancellationToken stopping)
    {
        var schedule = CronExpression.Parse(options.Value.Schedule);
        var due = options.Value.RunOnStart ? clock.GetUtcNow() : NextAfter(schedule, clock.GetUtcNow());
        var trigger = options.Value.RunOnStart ? "start" : "schedule";
        var (answerFrom, heldFrom) = (DateTimeOffset.MinValue, DateTimeOffset.MinValue);
        while (true)
        {
            await WaitUntilAsync(due, answerFrom, heldFrom, stopping);
            var report = await RunBeatingAsync(clock.GetUtcNow() < due ? "request" : trigger, stopping);
            trigger = "schedule";
            var now = clock.GetUtcNow();
            due = NextAfter(schedule, now);
            // What a run found to differ may be equal later: an incremental snapshot goes on, or somebody repairs. While signs go on, as
            // during an incremental snapshot, runs that are asked for take at most half of the time.
            (answerFrom, heldFrom) = (now + report.Duration, now + options.Value.RetryAfter);
            if (report.Outcome == RunOutcome.CouldNotCompare)
            {
                answerFrom = heldFrom;
                due = answerFrom < due ? answerFrom : due;
            }
            ReconcilerLog.NextRun(log, due);
        }
    }

    /// <summary>
    /// Ends when it is time to run: a run is due, was asked for, or <c>data_as_of</c> is held by a request that was answered with drift.
    /// </summary>
    async Task WaitUntilAsync(DateTimeOffset due, DateTimeOffset answerFrom, DateTimeOffset heldFrom, CancellationToken stopping)
    {
        while (true)
        {
            await LookAtHistoryAsync(stopping);
            heartbeats.Beat(Name);
            IReadOnlyList<Request> asked = [];
            await ClickHouseAsync(
                async () =>
                {
                    using var limit = new CancellationTokenSource(RequestLimit, clock);
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
                    asked = await requests.OpenAsync(either.Token);
                },
                stopping
            );
            var now = clock.GetUtcNow();
            var left = due - now;
            if (left <= TimeSpan.Zero || asked.Any(request => now >= (request.IsAnswered ? heldFrom : answerFrom)))
            {
                return;
            }
            await Task.Delay(left < BeatEvery ? left : BeatEvery, clock, stopping);
        }
    }

    async Task<RunReport> RunBeatingAsync(string trigger, CancellationToken stopping)
    {
        var run = reconciliation.RunAsync(
            trigger,
            patience: TimeSpan.Zero,
            new Progress<string>(step => ReconcilerLog.Step(log, step)),
            stopping
        );
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
        catch (Exception failure)
            when (failure is ClickHouseServerException or HttpRequestException or IOException
                || (failure is OperationCanceledException && !stopping.IsCancellationRequested)
            )
        {
            ReconcilerLog.RequestsUnknown(log, failure);
        }
    }

    // A schedule without a next time (such as the 30th of February) never runs again; the options' check cannot know that.
    static DateTimeOffset NextAfter(CronExpression schedule, DateTimeOffset now) =>
        schedule.GetNextOccurrence(now, TimeZoneInfo.Utc) ?? DateTimeOffset.MaxValue;
}
