using System.Globalization;
using System.Text.RegularExpressions;

namespace Betting.Local.Cluster.Watch;

/// <summary>
/// Prometheus' text format (version 0.0.4), as far as our workers write it: sums over replicas, quantiles of histograms.
/// </summary>
sealed partial class MetricsPage
{
    readonly List<(string Name, string Labels, double Value)> _samples = [];

    /// <summary>Adds one worker's page.</summary>
    public void Add(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (
                line.Length > 0
                && line[0] != '#'
                && Sample().Match(line) is { Success: true } match
                && double.TryParse(
                    match.Groups["value"].Value.Replace("+Inf", "Infinity", StringComparison.Ordinal),
                    CultureInfo.InvariantCulture,
                    out var value
                )
            )
            {
                _samples.Add((match.Groups["name"].Value, match.Groups["labels"].Value, value));
            }
        }
    }

    public double Sum(string name) => _samples.Where(sample => sample.Name == name).Sum(sample => sample.Value);

    public double Max(string name) => _samples.Where(sample => sample.Name == name).Select(sample => sample.Value).DefaultIfEmpty().Max();

    /// <summary>Sums by the values of one label.</summary>
    public IReadOnlyDictionary<string, double> By(string name, string label) =>
        _samples
            .Where(sample => sample.Name == name)
            .GroupBy(sample => Label(sample.Labels, label) ?? "")
            .ToDictionary(group => group.Key, group => group.Sum(sample => sample.Value));

    /// <summary>
    /// The upper bound of the bucket in which the quantile lies, interpolated within it, as Prometheus does; 0 where nothing was observed.
    /// </summary>
    /// <param name="name">The histogram without <c>_bucket</c>.</param>
    /// <param name="quantile">0 to 1.</param>
    /// <param name="earlier">Observations up to that page are left out.</param>
    public double Quantile(string name, double quantile, MetricsPage? earlier = null)
    {
        var buckets = Buckets(name);
        var before = earlier?.Buckets(name) ?? [];
        var counts = buckets
            .Select(bucket => (bucket.Key, Count: bucket.Value - before.GetValueOrDefault(bucket.Key)))
            .OrderBy(bucket => bucket.Key)
            .ToList();
        if (counts.Count == 0 || counts[^1].Count <= 0)
        {
            return 0;
        }
        var rank = quantile * counts[^1].Count;
        var (lower, below) = (0.0, 0.0);
        foreach (var (upper, count) in counts)
        {
            if (count >= rank)
            {
                return double.IsPositiveInfinity(upper)
                    ? lower
                    : lower + ((upper - lower) * (rank - below) / Math.Max(count - below, 1e-9));
            }
            (lower, below) = (upper, count);
        }
        return lower;
    }

    Dictionary<double, double> Buckets(string name) =>
        _samples
            .Where(sample => sample.Name == name + "_bucket")
            .GroupBy(sample =>
                Label(sample.Labels, "le") is "+Inf" or null
                    ? double.PositiveInfinity
                    : double.Parse(Label(sample.Labels, "le")!, CultureInfo.InvariantCulture)
            )
            .ToDictionary(group => group.Key, group => group.Sum(sample => sample.Value));

    static string? Label(string labels, string name) =>
        Regex.Match(labels, $"(?:^|,){Regex.Escape(name)}=\"([^\"]*)\"") is { Success: true } match ? match.Groups[1].Value : null;

    // Exporters may add a timestamp after the value.
    [GeneratedRegex("""^(?<name>[A-Za-z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)(?: \d+)?$""")]
    private static partial Regex Sample();
}
