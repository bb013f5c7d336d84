using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Schema;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>
/// Every table that a worker's SQL names, held against what <c>migrate</c> grants its user: the engine that runs here has no users,
/// so a right that is missing would be seen on a real server only.
/// </summary>
public sealed partial class ClickHouseRightsTests
{
    // The owner's commands: they make and drop tables, with the owner's rights.
    static readonly string[] OfTheOwner = ["Rebuild", "MigrateCommand.cs"];

    [Theory]
    [InlineData("sink", "CdcSink", "disks", "parts")]
    [InlineData("reconciler", "Reconciler")]
    public void A_worker_reads_the_system_tables_that_its_user_may_read(string user, string worker, params string[] expected)
    {
        var named = Sources(worker)
            .SelectMany(text => SystemTable().Matches(text))
            .Select(match => match.Groups["table"].Value)
            .Distinct()
            .Order();

        Assert.Equal(expected, named);
        Assert.Equal(expected, ClickHouseUsers.SystemTablesOf(user).Order());
    }

    [Fact]
    public void The_sink_inserts_into_the_tables_that_its_user_may_insert_into()
    {
        var named = Sources("CdcSink")
            .SelectMany(text => Insert().Matches(text))
            .Select(match => match.Groups["table"].Value)
            .Distinct()
            .ToList();

        Assert.NotEmpty(named);
        Assert.Empty(named.Except(ClickHouseUsers.InsertsOf("sink")));
    }

    [Fact]
    public void A_right_names_each_system_table_for_itself()
    {
        var rights = ClickHouseUsers.Statements("betting", new NamedPassword("sink", "secret"), null).Last();

        Assert.Contains("SELECT ON system.disks, SELECT ON system.parts,", rights, StringComparison.Ordinal);
    }

    static IEnumerable<string> Sources(string worker)
    {
        var folder = Path.Combine(Installed.ProjectRoot, "workers", worker);
        var files = Directory
            .GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Where(file => !OfTheOwner.Any(name => Path.GetRelativePath(folder, file).Split('/').Contains(name)))
            .ToList();
        Assert.NotEmpty(files);
        return files.Select(File.ReadAllText);
    }

    [GeneratedRegex(@"\bsystem\.(?<table>[a-z_]+)\b")]
    private static partial Regex SystemTable();

    [GeneratedRegex(@"\bINSERT INTO (?<table>[a-z_]+)\b")]
    private static partial Regex Insert();
}
