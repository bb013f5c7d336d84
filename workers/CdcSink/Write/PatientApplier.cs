using Betting.CdcSink.Batches;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Write;

/// <summary>
/// Applies the same batch until it succeeds, while ClickHouse is away, full or slow: attempts with growing pauses, visible in
/// readiness, metrics and, once a minute, the log. Meanwhile nothing more is read. A failure that will not pass is thrown.
/// </summary>
public sealed class PatientApplier(BatchApplier applier, CdcSinkOptions options, CdcSinkMetrics metrics, Readiness readiness, TimeProvider clock, ILogger<PatientApplier> log)
{
    public const string Condition = "clickhouse";

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    /// <param name="before">What has to be done before this batch's progress is recorded.</param>
    public async Task ApplyAsync(ChangeBatch batch, Task before, CancellationToken stopping)
    {
        var start = clock.GetTimestamp();
        var pause = FirstPause;
        long? logged = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await applier.ApplyAsync(batch, before, stopping);
                if (attempt > 1)
                {
                    CdcSinkLog.ClickHouseBack(log, attempt, clock.GetElapsedTime(start).TotalSeconds);
                }
                readiness.Set(Condition, ready: true);
                return;
            }
            catch (Exception failure) when (ClickHouseErrors.WillPass(failure, stopping, out var code))
            {
                metrics.Retry(code);
                readiness.Set(Condition, ready: false, $"away ({code}), attempt {attempt}");
                if (logged is null || clock.GetElapsedTime(logged.Value) >= LogEvery)
                {
                    logged = clock.GetTimestamp();
                    CdcSinkLog.ClickHouseAway(log, code, attempt, clock.GetElapsedTime(start).TotalSeconds, failure);
                }
            }
            // Up to a quarter less, so that replicas do not come back in step.
            await Task.Delay(pause * (1 - Random.Shared.NextDouble() / 4), clock, stopping);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.RetryPause.Ticks));
        }
    }
}
