using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Write;

/// <summary>
/// Applies the same batch until it succeeds, while ClickHouse is away, full or slow: attempts with growing pauses, visible in
/// readiness, metrics and, once a minute, the log. Meanwhile nothing more is read. A batch whose changes or rows ClickHouse refuses for
/// their size or data is stored in <see cref="BatchParts"/> and then recorded as any other. A record whose own change or row is refused
/// alone goes to the dead letters; no other statement's failure puts one there. See <see cref="FailureTable"/>.
/// </summary>
/// <param name="applier">Gives a batch its effect.</param>
/// <param name="options">Pauses.</param>
/// <param name="metrics">Counts attempts and refused records.</param>
/// <param name="readiness">Told while a batch is not taken.</param>
/// <param name="outage">Told while ClickHouse is away.</param>
/// <param name="clock">Pauses.</param>
/// <param name="log">Told once a minute of a batch that is not taken by a ClickHouse that serves.</param>
/// <param name="again">Where the records of a batch are had from to divide it; null where batches keep theirs.</param>
public sealed class RetryingBatchWriter(
    BatchApplier applier,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    Readiness readiness,
    ClickHouseOutage outage,
    TimeProvider clock,
    ILogger<RetryingBatchWriter> log,
    IBatchRereader? again = null
)
{
    /// <summary>Readiness: whether the batch in hand is taken. Apart from whether ClickHouse answers, which it may do meanwhile.</summary>
    public const string Condition = "clickhouse-writes";

    // A body that was cut off on its way reads as bad data, and a statement that a busy server refused may pass the next time.
    const int AttemptsBeforeHalving = 3;

    readonly BatchesNotTaken _notTaken = new(readiness);
    readonly RefusedInARow _inARow = new();
    int _named;

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    // A batch takes well under a second. An attempt that takes longer may be at work, or wait at a connection that is dead: not ready
    // either way.
    static readonly TimeSpan ReadyFor = TimeSpan.FromSeconds(10),
        CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a batch is tried that ClickHouse does not take; then its failure is thrown. Default for ever, as a stream waits; a verb has
    /// an end.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.MaxValue;

    /// <param name="batch">What is applied.</param>
    /// <param name="before">What has to be done before this batch's progress is recorded.</param>
    /// <param name="stopping">Ends the waiting.</param>
    /// <exception cref="ClickHouseRefusedException">Only an operator can mend it.</exception>
    public async Task ApplyAsync(ChangeBatch batch, Task before, CancellationToken stopping)
    {
        var whole = new BatchAttempt(applier, batch, before, $"{batch.Records} records");
        if (await TryAsync(whole, stopping) is not { } refusal)
        {
            _inARow.Taken(batch);
            return;
        }
        await StoreInPartsAsync(batch, refusal, stopping);
        whole.StoredInParts();
        await TryAsync(whole, stopping);
    }

    async Task StoreInPartsAsync(ChangeBatch batch, Refusal refusal, CancellationToken stopping)
    {
        CdcSinkLog.Halving(log, batch.Records, refusal.Code, refusal.Name, Refusal.LineOf(refusal.Cause));
        var records = batch.Kept ?? (again is null ? null : await again.ReadAsync(batch, stopping));
        if (records is null or { Count: 0 })
        {
            throw ClickHouseRefusedException.Of(refusal.Code, refusal.Cause);
        }
        var parts = new BatchParts(batch, options, _inARow, clock, (part, what) =>
            TryAsync(new BatchAttempt(applier, part, Task.CompletedTask, what), stopping)
        );
        await parts.StoreAsync(records);
        foreach (var (record, refused) in parts.Refused)
        {
            metrics.Refused(record.Topic, DeadLetter.RefusedByClickHouse);
            CdcSinkLog.RecordRefused(
                log,
                record.Topic,
                record.Partition,
                record.Offset,
                refused.Code,
                refused.Name,
                Refusal.LineOf(refused.Cause)
            );
            batch.Add(new DeadLetter(record, DeadLetter.RefusedByClickHouse, refused.Code));
        }
    }

    /// <summary>Repeats an attempt until it succeeds, or its changes and rows are refused as they are.</summary>
    /// <exception cref="ClickHouseRefusedException">Only an operator can mend it.</exception>
    async Task<Refusal?> TryAsync(BatchAttempt batch, CancellationToken stopping)
    {
        // The name under which outages know it.
        var loop = FormattableString.Invariant($"sink-{Interlocked.Increment(ref _named)}");
        try
        {
            return await TryAsync(batch, loop, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            outage.Forget(loop);
            _notTaken.Remove(loop);
            throw;
        }
    }

    async Task<Refusal?> TryAsync(BatchAttempt batch, string loop, CancellationToken stopping)
    {
        var start = clock.GetTimestamp();
        var pause = FirstPause;
        long? logged = null;
        for (var (attempt, refused) = (1, 0); ; attempt++)
        {
            try
            {
                await RunAsync(batch, loop, attempt, stopping);
                Taken(loop);
                if (logged is not null)
                {
                    CdcSinkLog.Taken(log, batch.What, attempt, clock.GetElapsedTime(start).TotalSeconds);
                }
                return null;
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                // A request that was ended looks like one that failed.
                stopping.ThrowIfCancellationRequested();
                metrics.Retry(code);
                if (kind == FailureClass.Configuration)
                {
                    throw ClickHouseRefusedException.Of(code, failure);
                }
                batch.Fail(kind);
                // A batch of one record cannot be split: unless its data is refused, it waits for the server.
                if (
                    (kind == FailureClass.Data || (kind != FailureClass.Unavailable && batch.IsDivisible))
                    && ++refused >= AttemptsBeforeHalving
                )
                {
                    Taken(loop);
                    return new Refusal(code, failure);
                }
                if (kind != FailureClass.Data && clock.GetElapsedTime(start) >= Timeout)
                {
                    throw;
                }
                _notTaken.Add(loop, $"not taken ({code}), attempt {attempt}");
                // Refused data has lines of its own, below.
                if (
                    kind != FailureClass.Data
                    && !outage.Report(loop, failure, stopping)
                    && (logged is null || clock.GetElapsedTime(logged.Value) >= LogEvery)
                )
                {
                    logged = clock.GetTimestamp();
                    CdcSinkLog.NotTaken(
                        log,
                        batch.What,
                        code,
                        Refusal.NameOf(code),
                        Refusal.LineOf(failure),
                        attempt,
                        clock.GetElapsedTime(start).TotalSeconds
                    );
                }
            }
            // Up to a quarter less, so that replicas do not come back in step.
            await Task.Delay(pause * (1 - Random.Shared.NextDouble() / 4), clock, stopping);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.RetryPause.Ticks));
        }
    }

    // ClickHouse may answer the probe, which uses another connection, while this attempt gets no answer.
    async Task RunAsync(BatchAttempt batch, string loop, int attempt, CancellationToken stopping)
    {
        var why = FormattableString.Invariant($"not taken within {ReadyFor.TotalSeconds:F0} s, attempt {attempt}");
        var asked = clock.GetTimestamp();
        await using var late = clock.CreateTimer(_ => Tell(), null, CheckInterval, CheckInterval);
        await batch.RunAsync(stopping);

        void Tell()
        {
            if (applier.WaitsForKafka)
            {
                asked = clock.GetTimestamp();
            }
            else if (clock.GetElapsedTime(asked) >= ReadyFor)
            {
                _notTaken.Add(loop, why);
            }
        }
    }

    // It passed, or is refused as it is: ClickHouse answers.
    void Taken(string loop)
    {
        outage.Over(loop);
        _notTaken.Remove(loop);
    }
}
