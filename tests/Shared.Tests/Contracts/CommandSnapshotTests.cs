using System.Text;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Shared.Contracts;

/// <summary>
/// Version 1 as it went out: these files never change. <c>UPDATE_SNAPSHOTS=1</c> writes those that are not there yet, and
/// the generated JSON Schema.
/// </summary>
public sealed class CommandSnapshotTests
{
    static readonly string Folder = Path.Combine(Installed.ProjectRoot, "tests", "Shared.Tests", "Contracts", "Snapshots");
    static readonly bool Update = Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1";

    public static TheoryData<string> Kinds => [.. CommandContract.Kinds.Select(kind => kind.Text)];

    [Theory, MemberData(nameof(Kinds))]
    public void Every_kind_is_written_and_read_as_on_its_first_day(string kind)
    {
        var sample = Samples.All.Single(command => CommandContract.TextOf(command.Kind) == kind);
        var json = CommandEncoder.Encode(sample);

        Assert.Equal(Snapshot($"{kind}.v1.json", Encoding.UTF8.GetString(json)), Encoding.UTF8.GetString(json));
        Assert.True(CommandDecoder.TryDecode(json, out var decoded, out _));
        Assert.Equal(sample, decoded);
    }

    [Fact]
    public void A_command_about_a_bet_with_its_user_is_written_read_and_hashed_as_on_its_first_day()
    {
        foreach (var sample in Samples.WithUser)
        {
            var json = CommandEncoder.Encode(sample);

            Assert.Equal(
                Snapshot($"{CommandContract.TextOf(sample.Kind)}-with-user.v1.json", Encoding.UTF8.GetString(json)),
                Encoding.UTF8.GetString(json)
            );
            Assert.True(CommandDecoder.TryDecode(json, out var decoded, out _));
            Assert.Equal(sample, decoded);
        }
        var hashes = string.Concat(
            Samples.WithUser.Select(command =>
                $"{CommandContract.TextOf(command.Kind)} {Convert.ToHexStringLower(CommandHash.Of(command))}\n"
            )
        );
        Assert.Equal(Snapshot("hashes-with-user.v1.txt", hashes), hashes);
    }

    [Fact]
    public void Hashes_stay_what_they_are_since_journals_are_full_of_them()
    {
        var hashes = string.Concat(
            Samples.All.Select(command => $"{CommandContract.TextOf(command.Kind)} {Convert.ToHexStringLower(CommandHash.Of(command))}\n")
        );

        Assert.Equal(Snapshot("hashes.v1.txt", hashes), hashes);
    }

    [Fact]
    public void The_schema_in_the_docs_is_the_one_that_the_contract_generates()
    {
        var file = Path.Combine(Installed.ProjectRoot, "docs", "command-schema.json");
        if (Update)
        {
            File.WriteAllText(file, CommandSchema.Generate());
        }

        Assert.Equal(File.ReadAllText(file), CommandSchema.Generate());
    }

    static string Snapshot(string name, string now)
    {
        var file = Path.Combine(Folder, name);
        if (Update && !File.Exists(file))
        {
            File.WriteAllText(file, now);
        }
        return File.ReadAllText(file);
    }
}
