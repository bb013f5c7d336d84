using System.Text;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

public sealed class DeadLetterTests(Servers servers)
{
    [Fact]
    public async Task One_bad_record_goes_alone_and_its_neighbours_are_applied()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("copy-3.6");
        var records = Archive.Read(recording).ToList();
        var bad = new StreamRecord(
            "betting.public.bets",
            0,
            999_999,
            0,
            "{\"id\":1}"u8.ToArray(),
            Encoding.UTF8.GetBytes("{\"op\":\"c\",\"after\":{\"id\":1}"),
            []
        );
        records.Insert(records.Count / 2, bad);
        await sink.ReplayAsync(records);
        await Recorded.Expected.AssertEqualsAsync(sink.Client, recording);
        var letter = Assert.Single(sink.DeadLetters);
        Assert.Equal((RejectReason.MalformedJson, 999_999L), (letter.Reason, letter.Record.Offset));
        Assert.Same(bad.Value, letter.Record.Value);
    }

    [Fact]
    public async Task A_tombstone_that_is_the_only_sign_of_a_delete_is_never_passed_over()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var records = Archive
            .Read(Recordings.File("flattened-3.6"))
            .Where(record => record.Topic.EndsWith(".bets", StringComparison.Ordinal))
            .ToList();
        records.Add(records[0] with { Offset = 1000, Value = "null"u8.ToArray() });
        await sink.ReplayAsync(records);
        Assert.Equal(RejectReason.TombstoneWithoutDelete, Assert.Single(sink.DeadLetters).Reason);
    }
}
