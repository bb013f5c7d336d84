using Betting.CdcSink.Write;
using Betting.Hosting;
using Betting.Schema;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Storage;

/// <summary>
/// Compares ClickHouse with the schema, and reads the free space of its disks, every 15 seconds. The first comparison ends a worker whose
/// tables or feeding views are lost: what it would write would be incomplete. A lost view or summary is reported, and the worker goes on.
/// </summary>
public sealed class StorageWatch(
    StorageStore store, StorageMetrics metrics, Heartbeats heartbeats, TimeProvider clock, ILogger<StorageWatch> log) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(15), Limit = TimeSpan.FromSeconds(5);

    bool _isFirst = true;
    string _faults = "", _failure = "", _reported = "";

    public string Name => "storage";

    /// <exception cref="SchemaException">At the first comparison something is lost that the worker cannot do without.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            using var limit = new CancellationTokenSource(Limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            try
            {
                await LookAsync(either.Token);
                (_failure, _reported) = ("", "");
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                Report(failure, kind, code);
            }
            await heartbeats.WhileAsync(Name, Task.Delay(Every, clock, stopping));
        }
    }

    async Task LookAsync(CancellationToken cancellation)
    {
        var faults = await store.SchemaFaultsAsync(cancellation);
        metrics.SawSchemaFaults(faults.Count);
        if (_isFirst && faults.Any(IsNeeded))
        {
            throw new SchemaException($"{TextOf(faults)}: see {SchemaCheck.Runbook}");
        }
        if (TextOf(faults) is var text && text != _faults)
        {
            Report(text);
        }
        _isFirst = false;
        metrics.SawDisks(await store.DisksAsync(cancellation));
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
