using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Alerts;

/// <summary>The alerts as Prometheus itself reads and plays them, and what must stand beside each.</summary>
public sealed partial class AlertRuleTests
{
    static readonly string Rules = Read("compose/alerts/cdcsink.yml"),
        Cases = Read("tests/CdcSink.Tests/Alerts/cdcsink.test.yml");

    static List<string> Alerts => [.. Alert().Matches(Rules).Select(match => match.Groups[1].Value)];

    [Fact]
    public Task Prometheus_can_read_the_rules() =>
        Promtool.RunAsync("check", "rules", Path.Combine(Installed.ProjectRoot, "compose/alerts/cdcsink.yml"));

    [Fact]
    public Task Each_alert_fires_when_it_should_and_not_beside_it() =>
        Promtool.RunAsync("test", "rules", Path.Combine(Installed.ProjectRoot, "tests/CdcSink.Tests/Alerts/cdcsink.test.yml"));

    [Fact]
    public void Each_alert_has_a_case_in_which_it_fires_and_a_section_in_the_runbook()
    {
        var runbook = Read("docs/runbooks/cdcsink.md");
        Assert.NotEmpty(Alerts);
        foreach (var alert in Alerts)
        {
            Assert.Matches($@"alertname: {alert}\n\s+eval_time: \w+\n\s+exp_alerts:\n\s+- exp_labels", Cases);
            Assert.Contains($"{{ alertname: {alert}, eval_time: 25m, exp_alerts: [] }}", Cases, StringComparison.Ordinal);
            Assert.Contains($"\n## {alert}\n", runbook, StringComparison.Ordinal);
            Assert.Contains($"runbook: docs/runbooks/cdcsink.md#{alert.ToLowerInvariant()}\n", Rules, StringComparison.Ordinal);
        }
        Assert.Equal(Alerts, Section().Matches(runbook).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void Each_metric_that_an_alert_asks_for_is_in_the_docs()
    {
        var docs = Read("docs/cdcsink.md");
        foreach (var metric in Metric().Matches(Rules).Select(match => match.Value).Distinct())
        {
            Assert.Contains($"| `{metric}` |", docs, StringComparison.Ordinal);
        }
    }

    static string Read(string file) => File.ReadAllText(Path.Combine(Installed.ProjectRoot, file));

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"\bcdcsink_\w+")]
    private static partial Regex Metric();
}
