using Betting.Hosting;

namespace Betting.CdcSink.Write;

/// <summary>
/// Tells readiness of batches that ClickHouse does not take. Two are applied side by side: one that passes says nothing of its neighbour.
/// </summary>
sealed class BatchesNotTaken(Readiness readiness)
{
    readonly Lock _gate = new();
    readonly Dictionary<string, string> _why = [];

    /// <summary>An attempt failed, and there will be another.</summary>
    public void Add(string batch, string why)
    {
        lock (_gate)
        {
            _why[batch] = why;
            readiness.Set(RetryingBatchWriter.Condition, ready: false, why);
        }
    }

    /// <summary>It passed, is refused as it is, or was given up.</summary>
    public void Remove(string batch)
    {
        lock (_gate)
        {
            _why.Remove(batch);
            var other = _why.Values.FirstOrDefault();
            readiness.Set(RetryingBatchWriter.Condition, ready: other is null, other ?? "");
        }
    }
}
