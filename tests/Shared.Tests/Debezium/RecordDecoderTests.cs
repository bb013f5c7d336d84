using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

public sealed class RecordDecoderTests
{
    [Fact]
    public void A_change_carries_its_row_and_its_place_in_the_stream()
    {
        var change = Given.Decode(Given.Envelope());
        Assert.Equal(RecordKind.RowChange, change.Kind);
        Assert.Equal((SourceTable.Bets, Operation.Create, 5L), (change.Table, change.Operation, change.Id));
        Assert.Equal(ChangeVersion.Of(1, streamed: true, 26853144), change.Version);
        Assert.Equal(new StreamPosition(1, 26853136, 26853144, 7), change.Position);
        Assert.Equal(748U, change.TransactionId);
        Assert.Equal(1795367457367000, change.CommitTime);
        Assert.Equal((2L, 3L, 625L), (change.Bet.UserId, change.Bet.EventId, change.Bet.Amount));
        Assert.Equal("OPEN", Given.Text(change.Bet.Status));
        Assert.Null(change.Bet.Payout);
        Assert.Equal(MissingColumns.None, change.MissingColumns);
    }

    [Theory]
    [InlineData("betting.public.bets")]
    [InlineData("dotted.prefix.public.bets")]
    [InlineData("all-shards")]
    public void The_table_comes_from_the_last_part_of_the_topic_else_from_the_source(string topic) =>
        Assert.Equal(
            (SourceTable.Bets, 625L),
            (Given.Decode(Given.Envelope(), topic: topic).Table, Given.Decode(Given.Envelope(), topic: topic).Bet.Amount)
        );

    [Fact]
    public void A_physical_table_behind_a_router_is_the_table_that_its_topic_names() =>
        Assert.Equal(
            SourceTable.Bets,
            Given.Decode(Given.Envelope(source: Given.Source.Replace("\"bets\"", "\"bets_2025_11\"", StringComparison.Ordinal))).Table
        );

    [Fact]
    public void An_unchanged_toast_value_is_not_sent()
    {
        var change = Given.Decode(
            Given.Envelope(after: Given.Bet.Replace("OPEN", "__debezium_unavailable_value", StringComparison.Ordinal))
        );
        Assert.Equal(MissingColumns.BetStatus, change.MissingColumns);
    }

    [Fact]
    public void A_column_that_the_source_dropped_is_not_sent_and_a_new_one_is_passed_over()
    {
        var change = Given.Decode(
            Given.Envelope(
                after: """{"odds":{"deep":[1,{"x":2}]},"id":5,"user_id":2,"event_id":3,"status":"OPEN","amount":"6.25","placed_at":"2025-11-01T12:00:05Z"}"""
            )
        );
        Assert.Equal(MissingColumns.BetPayout | MissingColumns.BetSettledAt, change.MissingColumns);
        Assert.Equal(625, change.Bet.Amount);
    }

    [Theory]
    [InlineData("\"after\":{", "\"unknown\":[[{}]],\"after\":{")]
    [InlineData("\"op\":\"c\"", "\"op\":\"c\",\"ts_ns\":1795367457841025820")]
    [InlineData("\"connector\"", "\"origin\":null,\"xmin\":null,\"new\":{\"a\":1},\"connector\"")]
    [InlineData("\"snapshot\":\"false\"", "\"snapshot\":false")]
    [InlineData("\"snapshot\":\"false\"", "\"snapshot\":\"something new\"")]
    public void Fields_that_nobody_knows_do_not_matter(string field, string replacement)
    {
        var value = Given.Envelope().Replace(field, replacement, StringComparison.Ordinal);
        var change = Given.Decode(value, headers: [("__debezium.context.runId", "x"), ("unknown", "y")]);
        Assert.Equal((RecordKind.RowChange, 625L, SnapshotMarker.None), (change.Kind, change.Bet.Amount, change.Snapshot));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("63", 63)]
    [InlineData("\"2\"", 2)]
    public void The_epoch_comes_with_the_record(string header, int epoch) =>
        Assert.Equal(epoch, Given.Decode(Given.Envelope(), headers: ("epoch", header)).Version.Epoch);

    [Theory]
    [InlineData("64")]
    [InlineData("-1")]
    [InlineData("two")]
    [InlineData("")]
    public void An_epoch_that_cannot_be_used_is_never_guessed(string header)
    {
        var decoded = Given.Decode(Given.Envelope(), headers: ("epoch", header));
        Assert.Equal((RecordKind.Undecodable, RejectReason.OutOfRange, "header epoch"), (decoded.Kind, decoded.Reason, decoded.Field));
    }

    [Fact]
    public void Without_a_header_the_epoch_is_the_configured_one() =>
        Assert.Equal(7, Given.Decode(Given.Record(Given.Envelope()), new DecoderOptions { DefaultEpoch = 7 }).Version.Epoch);

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData(" null\n")]
    [InlineData("{\"schema\":null,\"payload\":null}")]
    public void A_tombstone_has_no_bytes_or_says_null(string? value)
    {
        var decoded = Given.Decode(value);
        Assert.Equal((RecordKind.Tombstone, SourceTable.Bets, 5L), (decoded.Kind, decoded.Table, decoded.Id));
    }

    [Theory]
    [InlineData("""{"id":9}""")]
    [InlineData("""{"id":"9"}""")]
    [InlineData("""{"schema":{"type":"struct"},"payload":{"id":9}}""")]
    [InlineData("""{"id":9,"__dbz__physicalTableIdentifier":"betting.public.bets"}""")]
    public void A_delete_without_a_former_row_is_named_by_the_key(string key) =>
        Assert.Equal(9, Given.Decode(Given.Envelope(after: "null", op: "d"), key).Id);

    [Fact]
    public void A_delete_without_a_key_is_named_by_the_key_of_the_former_row() =>
        Assert.Equal(12, Given.Decode(Given.Envelope(after: "null", op: "d", before: """{"name":"","id":12}"""), key: null).Id);

    [Theory]
    [InlineData("c", "0")]
    [InlineData("r", "\"0\"")]
    [InlineData("u", "0.0")]
    public void A_row_whose_id_is_zero_is_rejected(string op, string id)
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace("\"id\":5", $"\"id\":{id}", StringComparison.Ordinal), op: op));
        Assert.Equal((RecordKind.Undecodable, RejectReason.IdIsZero, "id"), (decoded.Kind, decoded.Reason, decoded.Field));
    }

    [Theory]
    [InlineData("""{"id":0}""")]
    [InlineData("""{"schema":{"type":"struct"},"payload":{"id":0}}""")]
    [InlineData(null)]
    public void A_delete_and_a_tombstone_of_the_id_zero_are_rejected(string? key)
    {
        // As Debezium writes them for a replica identity by an index that has not got the id.
        var delete = Given.Decode(Given.Envelope(after: "null", op: "d", before: """{"id":0,"name":"Ada"}"""), key);
        Assert.Equal((RecordKind.Undecodable, RejectReason.IdIsZero, "id"), (delete.Kind, delete.Reason, delete.Field));
        Assert.Equal(key is null ? RejectReason.NoKey : RejectReason.IdIsZero, Given.Decode(null, key).Reason);
    }

    [Theory]
    [InlineData("{\"before\"", RejectReason.MalformedJson, null)]
    [InlineData("{} {}", RejectReason.MalformedJson, null)]
    [InlineData("{\"a\":\"\\ud800\"}", RejectReason.NotAnEnvelope, null)]
    [InlineData("[1]", RejectReason.NotAnEnvelope, null)]
    [InlineData("{}", RejectReason.NotAnEnvelope, null)]
    [InlineData("{\"specversion\":\"1.0\",\"data\":{\"before\":null,\"after\":{\"id\":1}}}", RejectReason.NotAnEnvelope, null)]
    [InlineData("{\"op\":\"x\",\"source\":{\"lsn\":8}}", RejectReason.UnknownOperation, "op")]
    [InlineData("{\"op\":\"c\",\"source\":{\"lsn\":8}}", RejectReason.NoRow, "after")]
    [InlineData("{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{}}", RejectReason.NoPosition, "source.lsn")]
    [InlineData("{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"lsn\":72057594037927936}}", RejectReason.OutOfRange, "source.lsn")]
    public void What_is_no_change_is_rejected_with_its_reason(string value, string reason, string? field)
    {
        var decoded = Given.Decode(value);
        Assert.Equal((RecordKind.Undecodable, reason, field), (decoded.Kind, decoded.Reason, decoded.Field));
    }

    [Theory]
    [InlineData("\"6.25\"", "\"C+o=\"", RejectReason.WrongType, "after.amount")]
    [InlineData("\"6.25\"", "\"1234\"", RejectReason.AmbiguousDecimal, "after.amount")]
    [InlineData("\"6.25\"", "{\"scale\":2}", RejectReason.WrongType, "after.amount")]
    [InlineData("\"2025-11-01T12:00:05.000000Z\"", "1761998405000", RejectReason.UnknownUnit, "after.placed_at")]
    [InlineData("\"2025-11-01T12:00:05.000000Z\"", "null", RejectReason.NullValue, "after.placed_at")]
    [InlineData("\"user_id\":2", "\"user_id\":null", RejectReason.NullValue, "after.user_id")]
    [InlineData("\"user_id\":2", "\"user_id\":\"0b1e-77\"", RejectReason.WrongType, "after.user_id")]
    [InlineData("\"user_id\":2", "\"user_id\":2.5", RejectReason.WrongType, "after.user_id")]
    [InlineData("\"id\":5", "\"id\":18446744073709551616", RejectReason.OutOfRange, "after.id")]
    [InlineData("\"6.25\"", "true", RejectReason.WrongType, "after.amount")]
    [InlineData("\"2025-11-01T12:00:05.000000Z\"", "\"yesterday\"", RejectReason.WrongType, "after.placed_at")]
    [InlineData("\"user_id\":2", "\"user_id\":99999999999999999999", RejectReason.OutOfRange, "after.user_id")]
    [InlineData("\"OPEN\"", "[7]", RejectReason.WrongType, "after.status")]
    public void A_column_that_cannot_be_read_rejects_the_record_and_names_itself(string good, string bad, string reason, string field)
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace(good, bad, StringComparison.Ordinal)));
        Assert.Equal((RecordKind.Undecodable, reason, field), (decoded.Kind, decoded.Reason, decoded.Field));
    }

    [Fact]
    public void A_value_beyond_the_limit_is_rejected_unread() =>
        Assert.Equal(
            RejectReason.TooLarge,
            Given.Decode(Given.Record(Given.Envelope()), new DecoderOptions { MaxValueBytes = 100 }).Reason
        );

    [Fact]
    public void Nesting_beyond_the_limit_is_rejected() =>
        Assert.Equal(
            RejectReason.MalformedJson,
            Given.Decode(string.Concat(Enumerable.Repeat("{\"a\":", 100)) + "1" + new string('}', 100)).Reason
        );

    [Fact]
    public void Bytes_that_are_no_text_are_rejected()
    {
        var record = Given.Record(Given.Envelope());
        record.Value![^20] = 0xff;
        Assert.Equal(RejectReason.InvalidUtf8, Given.Decode(record).Reason);
    }

    [Fact]
    public void A_decoder_survives_every_prefix_and_every_changed_byte_of_a_record()
    {
        var decoder = new RecordDecoder(new());
        var whole = Given.Record(Given.Envelope(before: Given.Bet)).Value!;
        for (var length = 0; length < whole.Length; length++)
        {
            decoder.Decode(Given.Record(null) with { Value = whole[..length] }, out var decoded);
            Assert.Equal(RecordKind.Undecodable, decoded.Kind);
        }
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var strange in "\"{}[],:\\0-eE.\0x"u8)
            {
                var changed = whole.ToArray();
                changed[at] = strange;
                decoder.Decode(Given.Record(null) with { Value = changed }, out var decoded);
                Assert.True(decoded.Kind != RecordKind.Undecodable || decoded.Reason is not null);
            }
        }
    }

    /// <summary>
    /// Debezium gives all snapshots of the task that made the slot one LSN; the stream between them has moved the last commit on.
    /// </summary>
    [Theory]
    [InlineData("r", "last", "[null,\"80\"]", 80UL)]
    [InlineData("r", "last", "[\"4800\",\"80\"]", 4800UL)]
    [InlineData("r", "true", "[\"72\",\"80\"]", 80UL)]
    [InlineData("r", "incremental", "[\"4800\",\"80\"]", 80UL)]
    [InlineData("u", "false", "[\"4800\",\"80\"]", 80UL)]
    public void A_read_stands_behind_the_last_commit_that_came_before_it(string op, string snapshot, string sequence, ulong lsn)
    {
        var source =
            $$"""{"lsn":80,"snapshot":"{{snapshot}}","txId":7,"ts_ms":1,"sequence":{{System.Text.Json.JsonSerializer.Serialize(sequence)}}}""";
        Assert.Equal(lsn, Given.Decode(Given.Envelope(source: source, op: op)).Version.Lsn);
    }

    /// <summary>After a blocking snapshot that was cut off Debezium marks every streamed change as one of a snapshot.</summary>
    [Theory]
    [InlineData("r", "true", SnapshotMarker.Within)]
    [InlineData("r", "last", SnapshotMarker.Last)]
    [InlineData("c", "true", SnapshotMarker.None)]
    [InlineData("u", "last", SnapshotMarker.None)]
    [InlineData("d", "first", SnapshotMarker.None)]
    public void Only_a_read_is_of_a_snapshot(string op, string snapshot, SnapshotMarker expected)
    {
        var source = $$"""{"lsn":80,"snapshot":"{{snapshot}}","txId":7,"ts_ms":1}""";
        Assert.Equal(expected, Given.Decode(Given.Envelope(source: source, op: op)).Snapshot);
    }

    [Fact]
    public void A_schema_that_changes_between_records_is_read_anew()
    {
        var decoder = new RecordDecoder(new());
        foreach (var (scale, expected) in new[] { (2, 3050L), (1, 30_500L), (2, 3050L) })
        {
            var schema =
                $$"""{"type":"struct","fields":[{"type":"struct","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"{{scale}}"},"field":"amount"}],"field":"after"}]}""";
            var value =
                $$"""{"schema":{{schema}},"payload":{{Given.Envelope(after: Given.Bet.Replace("6.25", "C+o=", StringComparison.Ordinal))}}}""";
            decoder.Decode(Given.Record(value), out var decoded);
            Assert.Equal(expected, decoded.Bet.Amount);
        }
    }
}
