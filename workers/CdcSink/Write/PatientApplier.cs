using Betting.CdcSink.Batches;
using Betting.Debezium;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Write;

/// <summary>
/// Applies the same batch until it succeeds, while ClickHouse is away, full or slow: attempts with growing pauses, visible in
/// readiness, metrics and, once a minute, the log. Meanwhile nothing more is read. A batch that ClickHouse refuses for its size or
/// data is halved until it passes or one record is alone. A record whose data is refused goes to the dead letters. See <see cref="FailureTable"/>.
/// </summary>
/// <param name="applier">Gives a batch its effect.</param>
/// <param name="options">Pauses.</param>
/// <param name="metrics">Counts attempts and refused records.</param>
/// <param name="readiness">Told while a batch is not taken.</param>
/// <param name="outage">Told while ClickHouse is away.</param>
/// <param name="clock">Pauses.</param>
/// <param name="log">Told once a minute of a batch that is not taken by a ClickHouse that serves.</param>
/// <param name="again">Where the records of a batch are had from to divide it; null where batches keep theirs.</param>
public sealed class PatientApplier(
    BatchApplier applier, CdcSinkOptions options, CdcSinkMetrics metrics, Readiness readiness, ClickHouseOutage outage, TimeProvider clock, ILogger<PatientApplier> log, IRecordsAgain? again = null)
{
    /// <summary>Readiness: whether the batch in hand is taken. Apart from whether ClickHouse answers, which it may do meanwhile.</summary>
    public const string Condition = "clickhouse-writes";

    /// <summary>The reason of a dead letter that ClickHouse alone would not take; its field is ClickHouse's error code.</summary>
    public const string RefusedReason = "refused-by-clickhouse";

    /// <summary>So many records refused without one batch between them that passed whole are no records' fault: the worker ends.</summary>
    public const int MostRefused = 100;

    // A body that was cut off on its way reads as bad data, and a statement that a busy server refused may pass the next time.
    const int AttemptsBeforeHalving = 3;

    readonly BatchesNotTaken _notTaken = new(readiness);
    int _named;

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    int _refused;

    /// <summary>How long a batch is tried that ClickHouse does not take; then its failure is thrown. Default for ever, as a stream waits; a verb has an end.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.MaxValue;

    /// <param name="batch">What is applied.</param>
    /// <param name="before">What has to be done before this batch's progress is recorded.</param>
    /// <param name="stopping">Ends the waiting.</param>
    public async Task ApplyAsync(ChangeBatch batch, Task before, CancellationToken stopping)
    {
        if (await TryAsync(batch, batch.Records, before, stopping) is not { } refusal)
        {
            _refused = batch.Records > 0 ? 0 : _refused;
            return;
        }
        CdcSinkLog.Halving(log, batch.Records, refusal.Code, refusal.Name, Refusal.LineOf(refusal.Cause));
        var records = batch.Kept ?? (again is null ? null : await again.ReadAsync(batch, stopping));
        if (records is null)
        {
            throw ClickHouseRefusedException.Of(refusal.Code, refusal.Cause);
        }
        await ApplyPartAsync(new ArraySegment<StreamRecord>([.. records]), refusal, divided: true, stopping);
        using var rest = new ChangeBatch();
        rest.Positions.AddRange(batch.Positions);
        rest.Assignment = batch.Assignment;
        rest.Beside = batch.Beside;
        await TryAsync(rest, 0, before, stopping);
    }

    /// <summary>Applies these records, by halves where they are not taken together.</summary>
    async Task ApplyPartAsync(ArraySegment<StreamRecord> records, Refusal refusal, bool divided, CancellationToken stopping)
    {
        if (!divided)
        {
            using var part = Build(records);
            if (await TryAsync(part, records.Count, Task.CompletedTask, stopping, records.Count == 1 ? records[0] : null) is not { } refused)
            {
                return;
            }
            refusal = refused;
        }
        if (records.Count == 1)
        {
            await PutAsideAsync(records[0], refusal, stopping);
            return;
        }
        var half = records.Count / 2;
        await ApplyPartAsync(records[..half], refusal, divided: false, stopping);
        await ApplyPartAsync(records[half..], refusal, divided: false, stopping);
    }

    async Task PutAsideAsync(StreamRecord record, Refusal refusal, CancellationToken stopping)
    {
        if (Interlocked.Increment(ref _refused) > MostRefused)
        {
            throw ClickHouseRefusedException.Of(refusal.Code, refusal.Cause);
        }
        metrics.Refused(record.Topic, RefusedReason);
        CdcSinkLog.RecordRefused(log, record.Topic, record.Partition, record.Offset, refusal.Code, refusal.Name, Refusal.LineOf(refusal.Cause));
        using var alone = new ChangeBatch();
        alone.DeadLetters.Add(new DeadLetter(record, RefusedReason, refusal.Code));
        await TryAsync(alone, 0, Task.CompletedTask, stopping);
    }

    /// <summary>Attempts until it is applied, or refused as it is.</summary>
    /// <param name="batch">What is applied.</param>
    /// <param name="records">How many records it could be divided into; 0 where it cannot be.</param>
    /// <param name="before">What has to be done before its progress is recorded.</param>
    /// <param name="stopping">Ends the waiting.</param>
    /// <param name="only">The record that is alone in the batch; null where there are several.</param>
    /// <exception cref="ClickHouseRefusedException">Only an operator can mend it.</exception>
    async Task<Refusal?> TryAsync(ChangeBatch batch, int records, Task before, CancellationToken stopping, StreamRecord? only = null)
    {
        // The name under which outages know it.
        var loop = FormattableString.Invariant($"sink-{Interlocked.Increment(ref _named)}");
        try
        {
            return await TryAsync(batch, records, before, loop, only, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            outage.Forget(loop);
            _notTaken.Remove(loop);
            throw;
        }
    }

    async Task<Refusal?> TryAsync(ChangeBatch batch, int records, Task before, string loop, StreamRecord? only, CancellationToken stopping)
    {
        var what = only is { } one ? $"{one.Topic} {one.Partition}@{one.Offset}" : $"{records} records";
        var start = clock.GetTimestamp();
        var pause = FirstPause;
        long? logged = null;
        for (var (attempt, refused) = (1, 0); ; attempt++)
        {
            try
            {
                await applier.ApplyAsync(batch, before, stopping);
                Taken(loop);
                if (logged is not null)
                {
                    CdcSinkLog.Taken(log, what, attempt, clock.GetElapsedTime(start).TotalSeconds);
                }
                return null;
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                // A request that was ended looks like one that failed.
                stopping.ThrowIfCancellationRequested();
                metrics.Retry(code);
                if (kind == FailureClass.Configuration || (kind == FailureClass.Data && records == 0))
                {
                    throw ClickHouseRefusedException.Of(code, failure);
                }
                // A batch of one record cannot be split: unless its data is refused, it waits for the server.
                if ((kind == FailureClass.Data || (kind != FailureClass.Unavailable && records > 1)) && ++refused >= AttemptsBeforeHalving)
                {
                    Taken(loop);
                    return new Refusal(code, failure);
                }
                if (clock.GetElapsedTime(start) >= Patience)
                {
                    throw;
                }
                _notTaken.Add(loop, $"not taken ({code}), attempt {attempt}");
                if (!outage.Tell(loop, failure, stopping) && (logged is null || clock.GetElapsedTime(logged.Value) >= LogEvery))
                {
                    logged = clock.GetTimestamp();
                    CdcSinkLog.NotTaken(log, what, code, Refusal.NameOf(code), Refusal.LineOf(failure), attempt, clock.GetElapsedTime(start).TotalSeconds);
                }
            }
            // Up to a quarter less, so that replicas do not come back in step.
            await Task.Delay(pause * (1 - Random.Shared.NextDouble() / 4), clock, stopping);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.RetryPause.Ticks));
        }
    }

    // It passed, or is refused as it is: ClickHouse answers.
    void Taken(string loop)
    {
        outage.Over(loop);
        _notTaken.Remove(loop);
    }

    ChangeBatch Build(ArraySegment<StreamRecord> records)
    {
        // Their records were counted when they were read.
        var builder = new BatchBuilder(new RecordDecoder(options.Decoding()), options, null, clock) { Keeps = again is null };
        foreach (var record in records)
        {
            builder.Add(record, out _);
        }
        return builder.Take()!;
    }
}
