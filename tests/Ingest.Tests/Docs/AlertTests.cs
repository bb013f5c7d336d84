using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Betting.Ingest;
using Betting.Ingest.Failures;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Npgsql;

namespace Betting.Tests.Ingest.Docs;

/// <summary>Each alert has a runbook section of its name and asks for metrics that docs/ingest.md describes.</summary>
public sealed partial class AlertTests
{
    static readonly string Rules = Read("compose/alerts/ingest.yml"),
        Runbook = Read("docs/runbooks/ingest.md"),
        Metrics = Read("docs/ingest.md");

    [Fact]
    public void Each_alert_has_its_section_and_its_metrics_are_described()
    {
        var alerts = Alert().Matches(Rules).Select(match => match.Groups["name"].Value).ToList();

        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, Section().Matches(Runbook).Select(match => match.Groups["name"].Value));
        Assert.All(alerts, alert =>
            Assert.Contains($"docs/runbooks/ingest.md#{alert.ToLowerInvariant()}", Rules, StringComparison.Ordinal)
        );
        Assert.All(Metric().Matches(Rules), metric => Assert.Contains($"`{metric.Value}`", Metrics, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_rules_are_Prometheus_own_and_fire_as_played()
    {
        await Promtool.RunAsync("check", "rules", PathOf("compose/alerts/ingest.yml"));
        await Promtool.RunAsync("test", "rules", PathOf("tests/Ingest.Tests/Docs/ingest.test.yml"));
    }

    [Fact]
    public void The_alert_of_unknown_failures_asks_for_the_classes_that_stand_until_an_operator_acts_and_they_are_counted_by_class()
    {
        var classes = Classes().Match(Rules).Groups["classes"].Value.Split('|');
        Assert.Equal([Failure.NameOf(FailureClass.Configuration), Failure.NameOf(FailureClass.Unknown)], classes);

        var counted = new ConcurrentQueue<(string State, string Class)>();
        using var metrics = new IngestMetrics(TimeProvider.System);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "ingest.retries")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (_, _, tags, _) => counted.Enqueue(((string)Tag(tags, "sqlstate"), (string)Tag(tags, "class")))
        );
        listener.Start();
        Exception[] failures =
        [
            .. SqlStates.Classes.Keys.Append("XX").Append("HV").Select(state => new PostgresException("", "", "", state.PadRight(5, '0'))),
            new InvalidOperationException(),
        ];
        Assert.All(failures, failure => metrics.Retry(Door, failure));

        var mine = counted.ToList();
        Assert.All(failures, failure => Assert.Contains((Failure.StateOf(failure), Failure.NameOf(Failure.ClassOf(failure))), mine));
        Assert.Contains((Failure.NoState, "unknown"), mine);
        Assert.Contains(("55000", "configuration"), mine);
        Assert.Contains(("XX000", "unknown"), mine);
    }

    const string Door = "alert-test";

    static object Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == name)
            {
                return tag.Value!;
            }
        }
        return "";
    }

    static string PathOf(string path) => Path.Combine(Installed.ProjectRoot, path);

    static string Read(string path) => File.ReadAllText(PathOf(path));

    [GeneratedRegex(@"- alert: (?<name>\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (?<name>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex("class=~\"(?<classes>[^\"]+)\"")]
    private static partial Regex Classes();

    [GeneratedRegex(@"\bingest_\w+")]
    private static partial Regex Metric();
}
