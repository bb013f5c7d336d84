using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>docs/exit-codes.md says what the programs do.</summary>
public sealed partial class ExitCodeTableTests
{
    public static TheoryData<string, int> Examples =>
        new(
            Document()
                .Split("## Examples")[1]
                .Split('\n')
                .Select(line => Example().Match(line))
                .Where(match => match.Success)
                .Select(match => (match.Groups[1].Value, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)))
        );

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_ends_with_its_code_and_says_why_without_a_stack_trace(string command, int code)
    {
        var words = command.Replace("FILE", Path.Combine(Installed.ProjectRoot, "global.json"), StringComparison.Ordinal).Split(' ');

        var (ended, lines) = await WorkerProgram.RunAsync(words[0], words[1..]);

        var said = string.Join('\n', lines);
        Assert.True(code == ended, said);
        Assert.DoesNotContain(lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
        Assert.DoesNotContain("System.", said, StringComparison.Ordinal);
        Assert.InRange(lines.Length, 1, code == 78 ? 1 : 3);
        Assert.Matches(code == 78 ? $"^{words[0]}" : "PostgreSQL|ClickHouse|Kafka|RabbitMQ", said);
    }

    [Theory]
    [InlineData("Ingest")]
    [InlineData("CdcSink")]
    [InlineData("CacheWarmer")]
    [InlineData("Reconciler")]
    public async Task Every_verb_of_a_program_stands_in_the_table(string worker)
    {
        var documented = Document()
            .Split("## Examples")[0]
            .Split('\n')
            .Select(line => Verb().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
            .Where(verb => verb.StartsWith(worker + " ", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToArray();

        var verbs = new List<string>();
        foreach (var verb in await VerbsAsync(worker))
        {
            var below = await VerbsAsync(worker, verb);
            verbs.AddRange(below.Count == 0 ? [$"{worker} {verb}"] : below.Select(each => $"{worker} {verb} {each}"));
        }

        Assert.Equal(documented, verbs.Order(StringComparer.Ordinal));
    }

    static async Task<List<string>> VerbsAsync(string worker, params string[] verb)
    {
        var (code, lines) = await WorkerProgram.RunAsync(worker, [.. verb, "--help"]);
        Assert.Equal(0, code);
        return
        [
            .. lines
                .SkipWhile(line => line != "Commands:")
                .Skip(1)
                .TakeWhile(line => line.Length > 0)
                .Select(line => Command().Match(line))
                .Where(match => match.Success)
                .Select(match => match.Groups[1].Value),
        ];
    }

    static string Document() => File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs/exit-codes.md"));

    [GeneratedRegex("^\\| `([^`]+)` \\| (\\d+) \\|$")]
    private static partial Regex Example();

    [GeneratedRegex("^\\| `([^`]+)` \\|.*\\|.*\\|.*\\|$")]
    private static partial Regex Verb();

    [GeneratedRegex("^  ([a-z-]+)")]
    private static partial Regex Command();
}
