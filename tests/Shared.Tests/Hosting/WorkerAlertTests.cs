using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>The alerts of every worker as Prometheus itself reads and plays them, and what must stand beside each.</summary>
public sealed partial class WorkerAlertTests
{
    const string RulesFile = "compose/alerts/workers.yml",
        CasesFile = "tests/Shared.Tests/Hosting/workers.test.yml";

    static readonly string Rules = Read(RulesFile),
        Cases = Read(CasesFile);

    [Fact]
    public Task Prometheus_can_read_the_rules() => Promtool.RunAsync("check", "rules", PathOf(RulesFile));

    [Fact]
    public Task Each_alert_fires_when_it_should_and_not_beside_it() => Promtool.RunAsync("test", "rules", PathOf(CasesFile));

    [Fact]
    public void Each_alert_has_a_case_in_which_it_fires_a_section_in_the_runbook_and_metrics_that_are_described()
    {
        var (runbook, metrics) = (Read("docs/runbooks/workers.md"), Read("docs/architecture.md"));
        var alerts = Alert().Matches(Rules).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(alerts);
        foreach (var alert in alerts)
        {
            Assert.Matches($@"alertname: {alert}\n\s+eval_time: \w+\n\s+exp_alerts:\n\s+- exp_labels", Cases);
            Assert.Contains($"{{ alertname: {alert}, eval_time: 25m, exp_alerts: [] }}", Cases, StringComparison.Ordinal);
            Assert.Contains($"runbook: docs/runbooks/workers.md#{alert.ToLowerInvariant()}\n", Rules, StringComparison.Ordinal);
        }
        Assert.Equal(alerts, Section().Matches(runbook).Select(match => match.Groups[1].Value));
        Assert.All(Metric().Matches(Rules), metric => Assert.Contains($"`{metric.Value}`", metrics, StringComparison.Ordinal));
    }

    static string PathOf(string file) => Path.Combine(Installed.ProjectRoot, file);

    static string Read(string file) => File.ReadAllText(PathOf(file));

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"\bworker_\w+")]
    private static partial Regex Metric();
}
