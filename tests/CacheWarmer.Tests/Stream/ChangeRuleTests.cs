using Betting.CacheWarmer.Counters;
using Betting.CacheWarmer.Stream;
using Betting.Debezium;

namespace Betting.Tests.CacheWarmer.Stream;

/// <summary>The base of these tests saw everything below transaction 100 but 97, and was taken between LSN 8000 and 8800.</summary>
public sealed class ChangeRuleTests
{
    static readonly CounterBaseline Base = new("g", "o", 2, "97:100:97", 8000, 8800, 1, 1);
    static readonly PostgresSnapshot Snapshot = PostgresSnapshot.Parse(Base.Snapshot);

    [Theory]
    [InlineData(99, 7000, ChangeMeaning.Covered)]
    [InlineData(97, 7000, ChangeMeaning.Count)]
    [InlineData(100, 8400, ChangeMeaning.Count)]
    [InlineData(99, 8808, ChangeMeaning.Count)] // an id that came round: what was written behind the snapshot it cannot have seen
    public void What_the_base_saw_counts_nothing_and_everything_else_does(uint transaction, ulong lsn, ChangeMeaning expected) =>
        Assert.Equal(expected, Judge(Change(Operation.Update, lsn) with { TransactionId = transaction }));

    [Fact]
    public void A_read_never_counts_and_a_newer_one_asks_for_a_new_base()
    {
        Assert.Equal(ChangeMeaning.Covered, Judge(Change(Operation.Read, 8000)));
        Assert.Equal(ChangeMeaning.Rebuild, Judge(Change(Operation.Read, 8008)));
        Assert.Equal(ChangeMeaning.Covered, Judge(Change(Operation.Read, 9000) with { Snapshot = SnapshotMarker.Incremental }));
    }

    [Fact]
    public void A_replaced_cluster_says_nothing_and_a_newer_one_asks_for_a_new_base()
    {
        Assert.Equal(ChangeMeaning.Covered, Judge(Change(Operation.Update, 9000, epoch: 1) with { TransactionId = 5000 }));
        Assert.Equal(ChangeMeaning.Rebuild, Judge(Change(Operation.Read, 8, epoch: 3)));
    }

    [Fact]
    public void A_truncate_that_the_base_did_not_see_asks_for_a_new_one()
    {
        var truncate = Change(Operation.Truncate, 8400) with { Kind = RecordKind.Truncate };
        Assert.Equal(ChangeMeaning.Rebuild, Judge(truncate with { TransactionId = 97 }));
        Assert.Equal(ChangeMeaning.Covered, Judge(truncate with { TransactionId = 98 }));
    }

    [Fact]
    public void A_change_without_its_status_moves_nothing_but_a_delete_does()
    {
        Assert.Equal(ChangeMeaning.Covered, Judge(Change(Operation.Update, 9000) with { MissingColumns = MissingColumns.BetStatus }));
        Assert.Equal(ChangeMeaning.Count, Judge(Change(Operation.Delete, 9000) with { MissingColumns = MissingColumns.BetStatus }));
    }

    static ChangeMeaning Judge(DecodedRecord record) => ChangeRule.Judge(record, Base, Snapshot);

    static DecodedRecord Change(Operation operation, ulong lsn, int epoch = 2) =>
        new()
        {
            Kind = RecordKind.RowChange,
            Table = SourceTable.Bets,
            Operation = operation,
            TransactionId = 200,
            Version = ChangeVersion.Of(epoch, operation != Operation.Read, lsn),
        };
}
