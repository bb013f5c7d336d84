using System.Globalization;
using System.Text.RegularExpressions;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The worker's own histogram of commit → visible, read from its metrics page; differences of two are what came between.</summary>
sealed partial class LagHistogram
{
    readonly SortedDictionary<double, double> _upTo = [];

    /// <param name="page">The text of <c>/metrics</c>.</param>
    /// <param name="topic">The end of the topics' names that count, such as <c>bets</c>.</param>
    public static LagHistogram Read(string page, string topic)
    {
        var histogram = new LagHistogram();
        foreach (var line in page.Split('\n'))
        {
            if (Bucket().Match(line) is { Success: true } match && match.Groups["topic"].Value.EndsWith(topic, StringComparison.Ordinal))
            {
                var bound =
                    match.Groups["le"].Value == "+Inf"
                        ? double.PositiveInfinity
                        : double.Parse(match.Groups["le"].Value, CultureInfo.InvariantCulture);
                histogram._upTo[bound] =
                    histogram._upTo.GetValueOrDefault(bound) + double.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture);
            }
        }
        return histogram;
    }

    public LagHistogram Since(LagHistogram before)
    {
        var since = new LagHistogram();
        foreach (var (bound, count) in _upTo)
        {
            since._upTo[bound] = count - before._upTo.GetValueOrDefault(bound);
        }
        return since;
    }

    public double Count => _upTo.Count == 0 ? 0 : _upTo.Last().Value;

    /// <summary>Seconds, taken evenly within a bucket.</summary>
    public double Quantile(double share)
    {
        var (wanted, lower, below) = (share * Count, 0.0, 0.0);
        foreach (var (bound, count) in _upTo)
        {
            if (count >= wanted && count > below)
            {
                return double.IsInfinity(bound) ? lower : lower + ((bound - lower) * (wanted - below) / (count - below));
            }
            (lower, below) = (bound, count);
        }
        return lower;
    }

    [GeneratedRegex("""^cdcsink_visible_lag_seconds_bucket\{.*?topic="(?<topic>[^"]+)".*?le="(?<le>[^"]+)".*?\} (?<count>\S+)""")]
    private static partial Regex Bucket();
}
