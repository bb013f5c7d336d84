using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Docs;

/// <summary>What docs/commands.md says of codes, kinds and examples is what the code does.</summary>
public sealed partial class CommandDocsTests
{
    static readonly string Text = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "commands.md"));

    [Fact]
    public void The_table_of_reasons_is_the_one_in_the_code()
    {
        var section = Text[Text.IndexOf("### Reason codes", StringComparison.Ordinal)..];
        var table = CodeRow().Matches(section[..section.IndexOf("A code never", StringComparison.Ordinal)]);

        Assert.Equal(Reasons.All, table.Select(row => KeyValuePair.Create(row.Groups[1].Value, row.Groups[2].Value)));
    }

    [Fact]
    public void Every_kind_stands_there_with_its_fields()
    {
        foreach (var kind in CommandContract.Kinds)
        {
            var row = Text.Split('\n').First(line => line.StartsWith($"| `{kind.Text}` |", StringComparison.Ordinal));
            var fields = FieldName().Matches(row.Split('|')[2]).Select(name => name.Groups[1].Value);

            Assert.Equal(CommandContract.NamesOf(kind.Required | kind.AnyOf | kind.Optional).Split(", ").Order(), fields.Order());
        }
    }

    [Fact]
    public void The_example_is_a_command()
    {
        var example = Text[Text.IndexOf("{\"id\"", StringComparison.Ordinal)..];

        Assert.True(
            CommandDecoder.TryDecode(
                Encoding.UTF8.GetBytes(example[..example.IndexOf('\n', StringComparison.Ordinal)]),
                out _,
                out var refusal
            ),
            refusal?.ToString()
        );
    }

    [Fact]
    public void The_example_of_a_canonical_form_has_the_hash_that_the_code_computes()
    {
        var block = Text[Text.IndexOf("kind=schedule-event", StringComparison.Ordinal)..];
        var canonical = block[..block.IndexOf("```", StringComparison.Ordinal)];
        var command = new ScheduleEvent(
            Guid.NewGuid(),
            DateTime.UnixEpoch,
            91011,
            "City – United",
            "football",
            new DateTime(2026, 12, 1, 18, 30, 0, DateTimeKind.Utc)
        );

        Assert.Equal(CommandHash.Of(command), SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }

    [GeneratedRegex(@"^\| `([a-z-]+)` \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex CodeRow();

    [GeneratedRegex("`([a-zA-Z]+)`")]
    private static partial Regex FieldName();
}
