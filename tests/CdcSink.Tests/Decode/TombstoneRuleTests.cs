using Betting.CdcSink.Decode;
using Betting.Debezium;
using Xunit;

namespace Betting.Tests.CdcSink.Decode;

public sealed class TombstoneRuleTests
{
    static readonly StreamRecord Record = new("betting.public.bets", 0, 0, 0, null, null, []);
    readonly TombstoneRule _rule = new();

    [Fact]
    public void A_tombstone_behind_its_delete_repeats_it()
    {
        Assert.False(_rule.IsAlone(Record, Delete(5)));
        Assert.False(_rule.IsAlone(Record, Tombstone(5)));
    }

    [Fact]
    public void A_tombstone_behind_anything_else_is_the_only_sign_of_a_delete()
    {
        Assert.False(_rule.IsAlone(Record, Delete(6)));
        Assert.True(_rule.IsAlone(Record, Tombstone(5)));
        Assert.False(_rule.IsAlone(Record, Update(5)));
        Assert.True(_rule.IsAlone(Record, Tombstone(5)));
    }

    [Fact]
    public void The_first_record_of_a_partition_has_the_benefit_of_the_doubt() => Assert.False(_rule.IsAlone(Record, Tombstone(5)));

    [Fact]
    public void A_record_sent_back_between_a_delete_and_its_tombstone_does_not_part_them()
    {
        var sentBack = Record with { Headers = [new RecordHeader("dead-letter-replays", "1"u8.ToArray())] };
        Assert.True(_rule.IsAlone(sentBack, Tombstone(5)));
        Assert.False(_rule.IsAlone(Record, Delete(5)));
        Assert.False(_rule.IsAlone(sentBack, Update(6)));
        Assert.True(_rule.IsAlone(sentBack, Tombstone(6)));
        Assert.False(_rule.IsAlone(Record, Tombstone(5)));
    }

    static DecodedRecord Delete(long id) =>
        new()
        {
            Kind = RecordKind.RowChange,
            Operation = Operation.Delete,
            Id = id,
        };

    static DecodedRecord Update(long id) =>
        new()
        {
            Kind = RecordKind.RowChange,
            Operation = Operation.Update,
            Id = id,
        };

    static DecodedRecord Tombstone(long id) => new() { Kind = RecordKind.Tombstone, Id = id };
}
