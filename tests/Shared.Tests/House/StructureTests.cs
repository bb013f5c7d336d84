using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Shared.House;

/// <summary>Rules of the tree that no compiler checks, over the sources of <c>workers/</c> and <c>shared/</c>.</summary>
public sealed partial class StructureTests
{
    const int Columns = 140,
        Parameters = 8;

    // To become shorter: see docs/architecture.md.
    static readonly string[] LongConstructors =
    [
        "SinkLoop",
        "PartitionStarts",
        "Reconciliation",
        "ParkedLoop",
        "CounterLoop",
        "KafkaDoor",
        "SnapshotEndLoop",
        "LagLoop",
        "ScheduleLoop",
        "RabbitWatch",
        "RabbitDoor",
        "BatchApplier",
        "LargeJoinLoop",
        "CommandContent",
    ];

    static readonly List<Source> Sources =
    [
        .. new[] { "workers", "shared" }
            .SelectMany(top => Directory.EnumerateFiles(Path.Combine(Installed.ProjectRoot, top), "*.cs", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Installed.ProjectRoot, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Select(path => new Source(path, File.ReadAllText(Path.Combine(Installed.ProjectRoot, path)))),
    ];

    [Fact]
    public void Namespaces_follow_folders() =>
        Assert.Empty(
            Sources
                .Where(source => Namespace().Match(source.Text) is { Success: true } found && found.Groups[1].Value != source.Space)
                .Select(source => source.Path)
        );

    [Fact]
    public void No_folder_of_a_project_uses_one_that_uses_it()
    {
        var arrows = Sources
            .SelectMany(source => Using().Matches(source.Text).Select(used => (From: source.Space, To: used.Groups[1].Value)))
            .Where(arrow =>
                arrow.From != arrow.To && IsFolder(arrow.From) && IsFolder(arrow.To) && Project(arrow.From) == Project(arrow.To)
            )
            .ToLookup(arrow => arrow.From, arrow => arrow.To);
        Assert.NotEmpty(arrows);
        Assert.Empty(arrows.Where(from => Reached(arrows, from.Key).Contains(from.Key)).Select(from => from.Key));
    }

    [Fact]
    public void No_line_is_longer_than_the_screen() =>
        Assert.Empty(
            Sources.SelectMany(source =>
                source.Text.Split('\n').Where(line => line.Length > Columns).Select(line => $"{source.Path}: {line.Trim()}")
            )
        );

    [Fact]
    public void No_other_constructor_takes_more_than_eight_parameters() =>
        Assert.Equal(
            LongConstructors.Order(StringComparer.Ordinal),
            Sources
                .SelectMany(source => Primary().Matches(source.Text))
                .Where(found => Count(found.Groups[2].Value) > Parameters)
                .Select(found => found.Groups[1].Value)
                .Order(StringComparer.Ordinal)
        );

    // The namespaces below a project's own; the root has the pipeline itself, which uses all folders.
    static bool IsFolder(string space) => space.Split('.').Length > 2;

    static string Project(string space) => string.Join('.', space.Split('.').Take(2));

    static HashSet<string> Reached(ILookup<string, string> arrows, string from)
    {
        var (seen, open) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>(arrows[from]));
        while (open.TryPop(out var next))
        {
            if (seen.Add(next))
            {
                foreach (var further in arrows[next])
                {
                    open.Push(further);
                }
            }
        }
        return seen;
    }

    // Commas within brackets separate type arguments, tuples or attributes.
    static int Count(string parameters)
    {
        var (depth, count) = (0, parameters.Trim().Length == 0 ? 0 : 1);
        foreach (var letter in parameters.TrimEnd().TrimEnd(','))
        {
            depth +=
                letter is '<' or '(' or '[' ? 1
                : letter is '>' or ')' or ']' ? -1
                : 0;
            count += letter == ',' && depth == 0 ? 1 : 0;
        }
        return count;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (?:static )?(Betting\.[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"^[\w ]*\b(?:class|record struct|record|struct) (\w+)(?:<[^>]*>)?\(((?:[^()]|\([^()]*\))*)\)", RegexOptions.Multiline)]
    private static partial Regex Primary();

    /// <param name="Path">From the project's root.</param>
    /// <param name="Text">The file.</param>
    sealed record Source(string Path, string Text)
    {
        /// <summary>The namespace that its folder stands for.</summary>
        public string Space => "Betting." + string.Join('.', Path.Split('/')[1..^1]);
    }
}
