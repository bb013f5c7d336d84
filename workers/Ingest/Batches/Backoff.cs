namespace Betting.Ingest.Batches;

/// <summary>Pauses between attempts: doubling from 50 ms to 1 s, each a random half to whole of that.</summary>
/// <remarks>A second at most, so that work goes on soon after recovery; random, so that replicas do not knock together.</remarks>
public static class Backoff
{
    static readonly TimeSpan First = TimeSpan.FromMilliseconds(50), Longest = TimeSpan.FromSeconds(1);

    /// <param name="attempt">Failures so far, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan After(int attempt, double random)
    {
        var full = Math.Min(First.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 10)), Longest.TotalSeconds);
        return TimeSpan.FromSeconds(full * (0.5 + (random / 2)));
    }
}
