using System.Text.RegularExpressions;
using Betting.DeadLetters;
using Betting.Ingest.RabbitMq;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Docs;

/// <summary>docs/failures.md lists exactly the broker answers that the code takes as refusals of a dead letter.</summary>
public sealed partial class BrokerFailureTests
{
    static readonly string Page = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs/failures.md"));

    [Fact]
    public void The_reply_codes_of_RabbitMQ_are_those_of_the_page()
    {
        Assert.Equal(RabbitRefusals.Codes.Select(code => $"{code}").Order(StringComparer.Ordinal), Listed("## RabbitMQ"));
    }

    [Fact]
    public void The_errors_of_Kafka_producers_are_those_of_the_page()
    {
        Assert.Equal(KafkaRefusals.OfRecord.Select(code => $"{code}").Order(StringComparer.Ordinal), Listed("## Kafka producers"));
    }

    // First cells in code quotes, up to the next section.
    static IEnumerable<string> Listed(string section)
    {
        var start = Page.IndexOf(section, StringComparison.Ordinal) + section.Length;
        var end = Page.IndexOf("\n## ", start, StringComparison.Ordinal);
        return Row()
            .Matches(Page[start..(end < 0 ? Page.Length : end)])
            .Select(row => row.Groups["name"].Value)
            .Order(StringComparer.Ordinal);
    }

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| this data \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
