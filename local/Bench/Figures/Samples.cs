namespace Betting.Local.Bench.Figures;

/// <summary>The results of the repetitions of one measurement, in the order in which they were taken.</summary>
public sealed class Samples
{
    readonly double[] _sorted;

    /// <param name="values">At least one; no NaN.</param>
    public Samples(params IReadOnlyCollection<double> values)
    {
        if (values.Count == 0 || values.Any(double.IsNaN))
        {
            throw new ArgumentException("at least one value, and each a number", nameof(values));
        }
        Values = [.. values];
        _sorted = [.. values.Order()];
    }

    public IReadOnlyList<double> Values { get; }

    /// <summary>The middle value; the mean of the two in the middle where their number is even.</summary>
    public double Median => (_sorted[(_sorted.Length - 1) / 2] + _sorted[_sorted.Length / 2]) / 2;

    /// <summary>Highest minus lowest, as a share of the median; 0 for a single value.</summary>
    public double Spread => _sorted[^1] == _sorted[0] ? 0 : (_sorted[^1] - _sorted[0]) / Math.Abs(Median);

    /// <summary>
    /// Each value divided by the peer's of the same repetition: both were measured within the same minute, so what slowed
    /// the machine down for both is not in it.
    /// </summary>
    public Samples DividedBy(Samples peer) =>
        peer.Values.Count == Values.Count
            ? new Samples([.. Values.Zip(peer.Values, (value, other) => value / other)])
            : throw new ArgumentException("as many repetitions as here", nameof(peer));

    /// <summary>The smaller of both in each repetition.</summary>
    public Samples OrLess(Samples other) =>
        other.Values.Count == Values.Count
            ? new Samples([.. Values.Zip(other.Values, Math.Min)])
            : throw new ArgumentException("as many repetitions as here", nameof(other));

    /// <summary>The value below which <paramref name="share"/> of all values lie (nearest rank).</summary>
    public double Percentile(double share) => _sorted[Math.Clamp((int)Math.Ceiling(share * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
