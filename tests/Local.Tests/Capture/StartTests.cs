using Betting.Local.Capture.Resume;
using Xunit;

namespace Betting.Tests.Local.Capture;

public sealed class StartTests
{
    static readonly Checkpoint Saved = new("slot", "system", 800, 792, 0);

    [Fact]
    public void The_first_start_takes_a_snapshot_without_a_warning()
    {
        var start = Start.Decide(null, null, "slot", "system");
        Assert.Null(start.From);
        Assert.False(start.GapPossible);
    }

    [Theory]
    [InlineData(800UL)]
    [InlineData(640UL)] // killed between writing the file and telling PostgreSQL
    [InlineData(0UL)]
    public void A_slot_that_is_not_ahead_of_the_checkpoint_goes_on_there(ulong confirmed) =>
        Assert.Equal(Saved, Start.Decide(Saved, new SlotState(confirmed, false), "slot", "system").From);

    [Theory]
    [InlineData(808UL, false, "slot", "system")] // somebody else read from it
    [InlineData(800UL, true, "slot", "system")] // WAL removed
    [InlineData(800UL, false, "another", "system")]
    [InlineData(800UL, false, "slot", "rebuilt")]
    [InlineData(null, false, "slot", "system")] // slot gone
    public void Whatever_may_have_cost_changes_takes_a_snapshot_and_says_so(ulong? confirmed, bool lost, string slot, string system)
    {
        var start = Start.Decide(Saved, confirmed is { } lsn ? new SlotState(lsn, lost) : null, slot, system);
        Assert.Null(start.From);
        Assert.True(start.GapPossible);
    }

    [Fact]
    public void A_checkpoint_survives_its_file_and_half_a_file_counts_as_none()
    {
        string folder = Directory.CreateTempSubdirectory("checkpoint-").FullName;
        var file = new CheckpointFile(folder);
        Assert.Null(file.Read());
        file.Write(Saved);
        Assert.Equal(Saved, file.Read());
        string path = Path.Combine(folder, "checkpoint.json");
        File.WriteAllText(path, File.ReadAllText(path)[..20]);
        Assert.Null(file.Read());
        Directory.Delete(folder, recursive: true);
    }
}
