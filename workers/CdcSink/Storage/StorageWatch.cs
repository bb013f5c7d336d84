using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Hosting;
using Betting.Schema;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Storage;

/// <summary>
/// Compares ClickHouse with the schema, and reads the free space of its disks, every 15 seconds. A worker whose tables or feeding views are
/// lost ends: what it would write would be incomplete. Where they were there before, something may have been written without them, so it
/// asks for a reconciliation first. A lost view or summary is reported, and the worker goes on.
/// </summary>
public sealed class StorageWatch(
    StorageStore store,
    ChangeStore changes,
    StorageMetrics metrics,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<StorageWatch> log
) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(15),
        Limit = TimeSpan.FromSeconds(5);

    bool _isFirst = true;
    string _faults = "",
        _failure = "",
        _reported = "",
        _lost = "";

    // What was visible after the last look at which everything was there, and what was visible before that look and so was written while it
    // was.
    long _visible,
        _proven;

    public string Name => "storage";

    /// <exception cref="SchemaException">Something is lost that the worker cannot do without.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await LookAgainAndAgainAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !_isFirst)
        {
            await LookOnceMoreAsync();
            throw;
        }
    }

    async Task LookAgainAndAgainAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            using var limit = new CancellationTokenSource(Limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            try
            {
                await PollAsync(either.Token, stopping);
                (_failure, _reported) = ("", "");
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                Report(failure, kind, code);
            }
            await heartbeats.WhileAsync(Name, Task.Delay(Every, clock, stopping));
        }
    }

    /// <summary>One look.</summary>
    /// <param name="cancellation">Ends it: its limit, or the worker's end.</param>
    /// <param name="stopping">The worker's end.</param>
    /// <exception cref="SchemaException">Something is lost that the worker cannot do without.</exception>
    internal async Task PollAsync(CancellationToken cancellation, CancellationToken stopping)
    {
        // Before the faults: what is missing now and was made before is lost, what migrate makes meanwhile is not.
        var wasMigrated = !_isFirst || await IsMigratedAsync(cancellation, stopping);
        var faults = await store.SchemaFaultsAsync(cancellation);
        metrics.SawSchemaFaults(faults.Count);
        if (faults.Any(IsNeeded))
        {
            _lost = TextOf(faults);
        }
        if (_lost.Length > 0)
        {
            if (wasMigrated)
            {
                await AskOrEndAsync(cancellation, stopping);
            }
            throw new SchemaException($"{_lost}: see {SchemaCheck.Runbook}");
        }
        if (TextOf(faults) is var text && text != _faults)
        {
            Report(text);
        }
        _isFirst = false;
        (_proven, _visible) = (_visible, await store.VisibleUntilAsync(cancellation));
        metrics.SawDisks(await store.DisksAsync(cancellation));
    }

    // A batch that names a lost table may have ended the worker before a look has come.
    async Task LookOnceMoreAsync()
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            await PollAsync(limit.Token, CancellationToken.None);
        }
        catch (Exception lost)
            when (lost is SchemaException or OperationCanceledException
                || ClickHouseErrors.Classify(lost, CancellationToken.None, out _) is not null
            )
        {
            // The worker ends, and has said why.
        }
    }

    // A worker without a table must not write, so the first look ends it whatever becomes of the request: the next start asks again.
    async Task AskOrEndAsync(CancellationToken cancellation, CancellationToken stopping)
    {
        try
        {
            await AskAsync(cancellation, stopping);
        }
        catch (Exception failure) when (_isFirst && ClickHouseErrors.Classify(failure, stopping, out _) is not null)
        {
            CdcSinkLog.SchemaLost(log, _lost, "ClickHouse does not answer, so the next start asks for a reconciliation");
        }
    }

    async Task<bool> IsMigratedAsync(CancellationToken cancellation, CancellationToken stopping)
    {
        try
        {
            return await store.IsMigratedAsync(cancellation);
        }
        catch (Exception unknown) when (ClickHouseErrors.Classify(unknown, stopping, out _) is { } kind && kind != FailureClass.Unavailable)
        {
            // Without the record nothing tells that it was ever made.
            return false;
        }
    }

    /// <summary>
    /// Asks for a reconciliation that holds <c>data_as_of</c>. While ClickHouse is away the worker writes nothing, and the next look asks.
    /// Where it refuses the request, as without the table of requests, the worker ends all the same.
    /// </summary>
    async Task AskAsync(CancellationToken cancellation, CancellationToken stopping)
    {
        var asked = "A reconciliation is asked for, and data_as_of is held until it finds everything equal";
        try
        {
            var hold = new Hold(_isFirst ? await store.VisibleUntilAsync(cancellation) : _proven);
            await changes.AskReconciliationAsync(
                new Sign("lost", FormattableString.Invariant($"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss}: {_lost}")),
                "a table or feeding view of ClickHouse was lost",
                hold,
                cancellation
            );
        }
        catch (Exception refused)
            when (ClickHouseErrors.Classify(refused, stopping, out var code) is { } kind
                && kind != FailureClass.Unavailable
                && code != ClickHouseErrors.Timeout
            )
        {
            asked = $"ClickHouse refuses the request for a reconciliation ({code}): run the Reconciler before data_as_of is believed";
        }
        CdcSinkLog.SchemaLost(log, _lost, asked);
    }

    void Report(string faults)
    {
        _faults = faults;
        if (faults.Length > 0)
        {
            CdcSinkLog.SchemaDamaged(log, faults);
        }
        else
        {
            CdcSinkLog.SchemaWhole(log);
        }
    }

    // An outage is the probe's to report. Any other failure is reported when it comes twice in a row, and once: a worker that ends for the
    // same reason has said so by then.
    void Report(Exception failure, FailureClass kind, string code)
    {
        if (kind != FailureClass.Unavailable && code != ClickHouseErrors.Timeout && code == _failure && code != _reported)
        {
            _reported = code;
            CdcSinkLog.StorageUnknown(log, code, Refusal.LineOf(failure));
        }
        _failure = code;
    }

    // A table whose file is empty still works.
    static bool IsNeeded(SchemaFault fault) =>
        fault is { IsMissing: true, Lost.Kind: SchemaObjectKind.Table or SchemaObjectKind.Feed }
        && fault.Lost.Name != ClickHouseMigrator.FilesTableName;

    static string TextOf(IEnumerable<SchemaFault> faults) => string.Join("; ", faults.Select(fault => fault.Text));
}
