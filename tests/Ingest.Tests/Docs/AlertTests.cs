using System.Text.RegularExpressions;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Docs;

/// <summary>Each alert has a runbook section of its name and asks for metrics that docs/ingest.md describes.</summary>
public sealed partial class AlertTests
{
    static readonly string Rules = Read("compose/alerts/ingest.yml"), Runbook = Read("docs/runbooks/ingest.md"), Metrics = Read("docs/ingest.md");

    [Fact]
    public void Each_alert_has_its_section_and_its_metrics_are_described()
    {
        var alerts = Alert().Matches(Rules).Select(match => match.Groups["name"].Value).ToList();

        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, Section().Matches(Runbook).Select(match => match.Groups["name"].Value));
        Assert.All(alerts, alert => Assert.Contains($"docs/runbooks/ingest.md#{alert.ToLowerInvariant()}", Rules, StringComparison.Ordinal));
        Assert.All(Metric().Matches(Rules), metric => Assert.Contains($"`{metric.Value}`", Metrics, StringComparison.Ordinal));
    }

    static string Read(string path) => File.ReadAllText(Path.Combine(Installed.ProjectRoot, path));

    [GeneratedRegex(@"- alert: (?<name>\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (?<name>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"\bingest_\w+")]
    private static partial Regex Metric();
}
