namespace Betting.Hosting;

/// <summary>
/// One long-running stage of a worker. It returns after <c>stopping</c> is cancelled and the work in hand is finished
/// and recorded; an exception that leaves it ends the whole worker with exit code 1.
/// </summary>
public interface IWorkerLoop
{
    /// <summary>The stage's name in logs, health answers and metrics.</summary>
    string Name { get; }

    Task RunAsync(CancellationToken stopping);
}
