using System.Text.RegularExpressions;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Docs;

/// <summary>The table of other systems' troubles in docs/delivery.md names tests that there are.</summary>
public sealed partial class ComplaintTests
{
    [Fact]
    public void Each_complaint_has_its_test()
    {
        var text = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "delivery.md"));
        var section = text[text.IndexOf("### Other systems' troubles", StringComparison.Ordinal)..];
        var named = Test()
            .Matches(section[..section.IndexOf("\n### ", 1, StringComparison.Ordinal)])
            .Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value))
            .ToList();

        Assert.Equal(7, named.Select(test => test.Class + test.Method).Distinct().Count());
        Assert.All(named, test =>
            Assert.Contains(typeof(ComplaintTests).Assembly.GetTypes().Where(type => type.Name == test.Class), type =>
                type.GetMethod(test.Method)?.GetCustomAttributes(inherit: true).OfType<FactAttribute>().Any() is true
            )
        );
    }

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex Test();
}
