using System.Threading.Channels;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Messages;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Join;

/// <summary>
/// Runs large joins one after the other, beside the batches. Each is a page of bets a statement, so it is found where it was
/// after a failure that passes; killed, its topics are read again from where they were held. It ends with the assignment of partitions
/// that brought it: their next owner reads the same changes, and joins.
/// </summary>
public sealed class LargeJoinLoop(
    BetJoin join,
    Progress progress,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    Readiness readiness,
    ClickHouseOutage outage,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<LargeJoinLoop> log
) : IWorkerLoop
{
    // Each holds little; beyond so many the batches wait, which is the way to say that it is too much.
    const int Waiting = 64;

    /// <summary>Readiness: whether the large join that runs is taken.</summary>
    public const string Condition = "clickhouse-joins";

    static readonly TimeSpan Beat = TimeSpan.FromSeconds(1),
        LogEvery = TimeSpan.FromMinutes(1);

    readonly Channel<LargeJoin> _waiting = Channel.CreateBounded<LargeJoin>(Waiting);

    public string Name => "large-joins";

    /// <summary>Returns when there is room for it.</summary>
    public ValueTask AddAsync(LargeJoin large, CancellationToken cancellation) => _waiting.Writer.WriteAsync(large, cancellation);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            // Its own timer: one of ours could cancel it after its end, which would end the process.
            using var beat = new CancellationTokenSource(Beat, clock);
            using var moment = CancellationTokenSource.CreateLinkedTokenSource(stopping, beat.Token);
            try
            {
                if (!await _waiting.Reader.WaitToReadAsync(moment.Token))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                continue;
            }
            if (_waiting.Reader.TryRead(out var large))
            {
                await JoinWhileAssignedAsync(large, stopping);
            }
        }
    }

    async Task JoinWhileAssignedAsync(LargeJoin large, CancellationToken stopping)
    {
        var ended = large.Assignment?.Ended ?? CancellationToken.None;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, ended);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            await JoinAsync(large, either.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            outage.Forget(Name);
            readiness.Set(Condition, ready: true);
        }
    }

    async Task JoinAsync(LargeJoin large, CancellationToken stopping)
    {
        var (start, bets) = (clock.GetTimestamp(), 0);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var pages = join.PagesOf(large);
        var reading = ReadAsync(pages, long.MinValue, over.Token);
        try
        {
            while (reading is not null)
            {
                using var page = await reading;
                // Read while these are written.
                reading = page.Next is { } next ? ReadAsync(pages, next, over.Token) : null;
                await PatientlyAsync(() => join.InsertAsync(page, stopping), stopping);
                bets += page.Bets;
                heartbeats.Beat(Name);
            }
        }
        finally
        {
            await over.CancelAsync();
            await LetGoAsync(reading);
        }
        await PatientlyAsync(() => progress.EndAsync(large, stopping), stopping);
        metrics.Visible(large.CommitTimes);
        CdcSinkLog.LargeJoinDone(log, bets, large.Users.Length, large.Events.Length, clock.GetElapsedTime(start).TotalSeconds);
    }

    async Task<JoinedPage> ReadAsync(LargeJoinPages pages, long from, CancellationToken stopping)
    {
        JoinedPage? page = null;
        await PatientlyAsync(async () => page = await pages.ReadAsync(from, stopping), stopping);
        return page!;
    }

    // Its failure, if it has one, is that of what it was read beside.
    static async Task LetGoAsync(Task<JoinedPage>? reading)
    {
        if (reading is not null)
        {
            await Task.WhenAny(reading);
            if (reading.IsCompletedSuccessfully)
            {
                reading.Result.Dispose();
            }
        }
    }

    /// <summary>Repeats a step until it succeeds. Pages and blocks are smaller after each attempt that was too much.</summary>
    /// <exception cref="ClickHouseRefusedException">Only an operator can mend it.</exception>
    async Task PatientlyAsync(Func<Task> step, CancellationToken stopping)
    {
        var start = clock.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(200);
        long? logged = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await heartbeats.WhileAsync(Name, step());
                outage.Over(Name);
                readiness.Set(Condition, ready: true);
                return;
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                // A request that was ended looks like one that failed.
                stopping.ThrowIfCancellationRequested();
                metrics.Retry(code);
                heartbeats.Beat(Name);
                if (kind == FailureClass.Configuration)
                {
                    throw ClickHouseRefusedException.Of(code, failure);
                }
                readiness.Set(Condition, ready: false, $"not taken ({code}), attempt {attempt}");
                if (!outage.Report(Name, failure, stopping) && (logged is null || clock.GetElapsedTime(logged.Value) >= LogEvery))
                {
                    logged = clock.GetTimestamp();
                    CdcSinkLog.LargeJoinWaits(
                        log,
                        code,
                        Refusal.NameOf(code),
                        Refusal.LineOf(failure),
                        attempt,
                        clock.GetElapsedTime(start).TotalSeconds
                    );
                }
            }
            await Task.Delay(pause, clock, stopping);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.RetryPause.Ticks));
        }
    }
}
