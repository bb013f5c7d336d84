namespace Betting.Ingest.Failures;

/// <summary>Pauses between attempts: doubling from 50 ms to 1 s, each a random half to whole of that.</summary>
/// <remarks>A second at most, so that work goes on soon after recovery; random, so that replicas do not knock together.</remarks>
public static class Backoff
{
    static readonly TimeSpan First = TimeSpan.FromMilliseconds(50),
        Longest = TimeSpan.FromSeconds(1);
    static readonly TimeSpan FirstAgain = TimeSpan.FromMilliseconds(1),
        LongestAgain = TimeSpan.FromMilliseconds(250);

    /// <summary>While PostgreSQL is away.</summary>
    /// <param name="attempt">Failures so far, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan After(int attempt, double random) => Between(First, Longest, attempt, random);

    /// <summary>Where another transaction was in the way: it has ended or soon will, so from 1 ms to 250 ms.</summary>
    public static TimeSpan Again(int attempt, double random) => Between(FirstAgain, LongestAgain, attempt, random);

    static TimeSpan Between(TimeSpan first, TimeSpan longest, int attempt, double random)
    {
        var full = Math.Min(first.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 10)), longest.TotalSeconds);
        return TimeSpan.FromSeconds(full * (0.5 + (random / 2)));
    }
}
