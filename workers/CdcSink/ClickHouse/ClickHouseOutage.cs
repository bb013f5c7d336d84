using Betting.Connections;
using Betting.Hosting;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Tells of a ClickHouse that is away, for all loops that use it: one line for all of them, and readiness and metric beside it.
/// </summary>
public sealed class ClickHouseOutage(Outages outages, StoreFailures failures)
{
    /// <summary>
    /// A step failed in a way that passes by itself. An outage is told; false where the step is to log the failure itself.
    /// </summary>
    /// <param name="loop">The step's loop.</param>
    /// <param name="failure">What was thrown.</param>
    /// <param name="stopping">The caller's token.</param>
    public bool Report(string loop, Exception failure, CancellationToken stopping)
    {
        if (!IsOutage(failure, stopping))
        {
            return false;
        }
        Failed(loop, failure);
        return true;
    }

    /// <summary>True where the failure is one of a ClickHouse that is away or busy, and not of the statement.</summary>
    public bool IsOutage(Exception failure, CancellationToken stopping)
    {
        var kind = ClickHouseErrors.Classify(failure, stopping, out var code);
        // A time limit alone may be the statement's fault; while nobody answers it is the outage's.
        return kind == FailureClass.Unavailable || (code == ClickHouseErrors.Timeout && outages.IsAway(Stores.ClickHouse));
    }

    /// <summary>A plain question failed, so the server does not serve, whatever the failure's class.</summary>
    public void Failed(string loop, Exception failure) =>
        outages.Failed(
            Stores.ClickHouse,
            loop,
            failures.Recognise(failure)?.Detail ?? (failure is OperationCanceledException ? "no answer in time" : Refusal.LineOf(failure))
        );

    /// <summary>The loop's step was given up.</summary>
    public void Forget(string loop) => outages.Forget(Stores.ClickHouse, loop);

    /// <summary>The loop's step succeeded.</summary>
    public void Over(string loop) => outages.Succeeded(Stores.ClickHouse, loop);
}
