using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

/// <summary>What the recordings of real connectors taught, one fact a test.</summary>
public sealed class RecordedFactsTests
{
    [Fact]
    public void A_read_of_a_snapshot_stays_below_the_change_that_was_in_flight_though_its_lsn_is_larger()
    {
        var ofOneRow = Given
            .Recorded("snapshot-in-flight-3.6")
            .Where(each => each.Decoded.Kind == RecordKind.RowChange)
            .GroupBy(each => (each.Decoded.Table, each.Decoded.Id));
        var overtaken = ofOneRow
            .SelectMany(row =>
                row.Where(read => read.Decoded.Operation == Operation.Read)
                    .SelectMany(read =>
                        row.Where(change =>
                                change.Decoded.Operation != Operation.Read && change.Decoded.Version.Lsn < read.Decoded.Version.Lsn
                            )
                            .Select(change => (Read: read.Decoded, Change: change.Decoded))
                    )
            )
            .ToList();
        Assert.NotEmpty(overtaken);
        Assert.All(overtaken, pair => Assert.True(pair.Read.Version < pair.Change.Version));
    }

    [Fact]
    public void An_incremental_read_takes_its_position_from_the_sequence_and_has_no_transaction()
    {
        var reads = Given
            .Recorded("incremental-3.6")
            .Select(each => each.Decoded)
            .Where(decoded => decoded.Snapshot == SnapshotMarker.Incremental)
            .ToList();
        Assert.Equal(449, reads.Count);
        Assert.All(reads, read =>
        {
            Assert.Equal(Operation.Read, read.Operation);
            Assert.False(read.Version.IsStreamed);
            Assert.NotEqual(0UL, read.Version.Lsn);
            Assert.Equal(0U, read.TransactionId);
        });
    }

    [Theory]
    [InlineData("identity-default-3.6")]
    [InlineData("seed-2.4")]
    public void A_delete_says_nothing_but_its_key(string scenario)
    {
        var deletes = Given.Recorded(scenario).Where(each => each.Decoded.Operation == Operation.Delete).ToList();
        Assert.NotEmpty(deletes);
        Assert.All(deletes, each =>
        {
            Assert.Contains($"\"id\":{each.Decoded.Id}", System.Text.Encoding.UTF8.GetString(each.Record.Key!), StringComparison.Ordinal);
            Assert.True(each.Decoded.User.Name.IsEmpty && each.Decoded.Event.Name.IsEmpty && each.Decoded.Bet.Status.IsEmpty);
            Assert.Equal(0, each.Decoded.Bet.Amount);
        });
    }

    [Fact]
    public void Every_lsn_is_a_multiple_of_eight_so_a_repair_fits_between() =>
        Assert.All(Changes("churn-3.6"), change => Assert.Equal(0UL, change.Version.Lsn % 8));

    [Fact]
    public void A_rebuilt_cluster_starts_its_lsns_again_and_the_epoch_header_keeps_the_order()
    {
        var changes = Changes("rebuilt-3.6");
        var first = changes.Where(change => change.Version.Epoch == 1).ToList();
        var second = changes.Where(change => change.Version.Epoch == 2).ToList();
        Assert.True(second.Min(change => change.Version.Lsn) < first.Max(change => change.Version.Lsn));
        Assert.True(second.Min(change => change.Version) > first.Max(change => change.Version));
    }

    [Theory]
    [InlineData("killed-3.6")]
    [InlineData("churn-3.6")]
    public void The_position_only_grows_within_a_partition_but_for_what_is_sent_again(string scenario)
    {
        foreach (
            var partition in Given
                .Recorded(scenario)
                .Where(each => each.Decoded.Kind == RecordKind.RowChange && each.Decoded.Operation != Operation.Read)
                .GroupBy(each => (each.Record.Topic, each.Record.Partition))
        )
        {
            var seen = new HashSet<StreamPosition>();
            var highest = default(StreamPosition);
            foreach (var (_, decoded) in partition.OrderBy(each => each.Record.Offset))
            {
                Assert.True(decoded.Position > highest || seen.Contains(decoded.Position), $"{decoded.Position} after {highest}");
                seen.Add(decoded.Position);
                highest = decoded.Position > highest ? decoded.Position : highest;
            }
        }
    }

    [Fact]
    public void A_killed_connector_sends_changes_again_at_later_offsets_with_the_same_position()
    {
        var repeated = Given
            .Recorded("killed-3.6")
            .Where(each => each.Decoded.Kind == RecordKind.RowChange)
            .GroupBy(each => (each.Decoded.Table, each.Decoded.Id, each.Decoded.Position))
            .Sum(same => same.Count() - 1);
        Assert.True(repeated > 900, $"{repeated} repeated");
    }

    [Fact]
    public void Rows_of_one_copy_share_an_lsn_and_the_total_order_tells_them_apart()
    {
        var copied = Changes("copy-3.6")
            .Where(change => change.Operation == Operation.Create)
            .GroupBy(change => change.Version)
            .MaxBy(same => same.Count())!;
        Assert.True(copied.Count() > 100);
        Assert.Equal(copied.Count(), copied.Select(change => change.Position).Distinct().Count());
    }

    [Fact]
    public void A_truncate_has_no_key_and_one_version_for_the_whole_table()
    {
        var (record, truncate) = Assert.Single(Given.Recorded("recommended-3.6"), each => each.Decoded.Kind == RecordKind.Truncate);
        Assert.Null(record.Key);
        Assert.Equal(SourceTable.Bets, truncate.Table);
        Assert.Equal(26881008UL, truncate.Version.Lsn);
    }

    [Fact]
    public void An_unchanged_toast_value_is_a_column_that_was_not_sent_and_here_it_is_none_of_ours()
    {
        // The recorded table got a column "description", which the platform does not follow: it must not matter.
        Assert.All(Changes("recommended-3.6"), change => Assert.Equal(MissingColumns.None, change.MissingColumns));
    }

    [Fact]
    public void Base64_decimals_are_read_with_the_scale_of_the_schema()
    {
        var precise = Changes("defaults-3.6")
            .Where(change => change.Table == SourceTable.Bets && change.Operation == Operation.Read)
            .ToDictionary(change => change.Id, change => change.Bet);
        Assert.Equal(10_000, precise[1].Amount);
        Assert.Equal(1, precise[2].Amount);
        Assert.Equal(999_999_999_999, precise[3].Amount);
        Assert.Equal(1_200_000_000_055, precise[3].Payout);
        Assert.Null(precise[1].Payout);
    }

    [Theory]
    [InlineData("recommended-3.6")]
    [InlineData("recommended-2.4")]
    [InlineData("defaults-3.6")]
    [InlineData("identity-default-3.6")]
    public void The_same_life_reads_the_same_in_every_form(string scenario)
    {
        // They lived through the same statements; only positions and times differ.
        Assert.Equal(Life("recommended-3.6"), Life(scenario));

        static IEnumerable<string> Life(string scenario) =>
            Changes(scenario)
                .Where(change => change.Kind == RecordKind.RowChange)
                .Select(change =>
                    $"{change.Table} {change.Operation} {change.Id} {Given.Text(change.User.Name)} {change.User.CreatedAt} "
                    + $"{Given.Text(change.Event.Name)} {Given.Text(change.Event.Category)} "
                    + $"{change.Event.StartTime} {Given.Text(change.Event.Status)} {change.Bet.UserId} {change.Bet.EventId} "
                    + $"{Given.Text(change.Bet.Status)} {change.Bet.Amount} {change.Bet.Payout} "
                    + $"{change.Bet.PlacedAt} {change.Bet.SettledAt}"
                )
                .Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("recommended-3.6")]
    [InlineData("defaults-3.6")]
    [InlineData("seed-2.4")]
    [InlineData("churn-3.6")]
    [InlineData("killed-3.6")]
    [InlineData("incremental-3.6")]
    [InlineData("flattened-3.6")]
    [InlineData("rebuilt-3.6")]
    public void Nothing_recorded_is_undecodable(string scenario) =>
        Assert.Empty(
            Given
                .Recorded(scenario)
                .Where(each => each.Decoded.Kind == RecordKind.Undecodable)
                .Select(each => $"{each.Record.Topic} {each.Record.Offset} {each.Decoded.Reason} {each.Decoded.Field}")
        );

    [Fact]
    public void Metadata_is_told_from_rows()
    {
        var kinds = Given.Recorded("defaults-3.6").CountBy(each => each.Decoded.Kind).ToDictionary();
        Assert.Equal(6, kinds[RecordKind.Heartbeat]);
        Assert.Equal(28, kinds[RecordKind.TransactionBegin]);
        Assert.Equal(28, kinds[RecordKind.TransactionEnd]);
        Assert.Equal(4, kinds[RecordKind.Message]);
        Assert.Equal(5, kinds[RecordKind.Tombstone]);
        Assert.Equal(23, Given.Recorded("incremental-3.6").Count(each => each.Decoded.Reason == SkipRule.OtherTable));
    }

    [Fact]
    public void A_fence_is_a_message_with_its_prefix_and_bytes()
    {
        var message = Given.Recorded("recommended-3.6").First(each => each.Decoded.Kind == RecordKind.Message).Decoded;
        Assert.Equal("fence", Given.Text(message.Prefix));
        Assert.Equal("snapshot-1795367455659214411", Given.Text(message.Content));
    }

    static List<DecodedRecord> Changes(string scenario) =>
        [
            .. Given
                .Recorded(scenario)
                .Select(each => each.Decoded)
                .Where(decoded => decoded.Kind is RecordKind.RowChange or RecordKind.Truncate),
        ];
}
