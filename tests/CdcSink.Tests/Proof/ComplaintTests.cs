using Betting.CdcSink;
using Betting.Debezium;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Proof;

/// <summary>
/// What users of other sinks complain of, each tried here. The table in docs/delivery.md says which test stands for which.
/// </summary>
public sealed class ComplaintTests(Servers servers)
{
    const string Rows = "SELECT bet_id, bet_status, toDecimalString(bet_amount, 2), user_name FROM bets_analytics ORDER BY bet_id";

    [Fact]
    public async Task A_delete_that_names_the_row_0_deletes_nothing_and_is_put_aside_with_its_tombstone()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        // As Debezium 3.6.1 writes it for REPLICA IDENTITY USING INDEX on (name, created_at).
        await sink.ReplayAsync([
            made.User(1),
            made.Event(1),
            made.Bet(1, Made.Columns()),
            made.Delete("users", 0),
            made.Record("users", """{"id":0}""", null),
            made.User(2),
        ]);

        Assert.Equal(["id-is-zero", "id-is-zero"], sink.DeadLetters.Select(letter => letter.Reason));
        Assert.Equal(["1|0", "2|0"], await sink.QueryAsync("SELECT id, toUInt8(deleted) FROM user_changes ORDER BY id"));
        Assert.Equal(["Ada"], await sink.QueryAsync("SELECT user_name FROM bets_analytics"));
    }

    /// <summary>clickhouse-sink-connector #899: changes without a position get the version −1, and later updates are lost.</summary>
    [Fact]
    public async Task A_change_without_a_position_is_a_dead_letter_and_one_with_half_a_position_has_its_place()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        var first = made.Bet(1, Made.Columns(), snapshot: "true", op: "r");
        var update = made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u");
        await sink.ReplayAsync([
            update.With(text => text.Without("sequence")),
            first.With(text => text.Replace($"\"lsn\":{first.Lsn()}", "\"lsn\":null", StringComparison.Ordinal)),
            made.Bet(1, Made.Columns("\"status\":\"CANCELLED\""), op: "u").With(text => text.Without("sequence").Without("lsn")),
        ]);
        Assert.Equal(["1|SETTLED|10.00|"], await sink.QueryAsync(Rows));
        Assert.Equal(RejectReason.NoPosition, Assert.Single(sink.DeadLetters).Reason);
    }

    /// <summary>clickhouse-sink-connector #901: a tombstone ends the task with a null pointer.</summary>
    [Fact]
    public async Task A_tombstone_in_any_spelling_changes_nothing_and_ends_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        var records = new List<StreamRecord>();
        foreach (var (id, tombstone) in new[] { (1L, null), (2L, "null"), (3L, " null\n"), (4L, "{\"schema\":null,\"payload\":null}") })
        {
            records.AddRange([
                made.Bet(id, Made.Columns()),
                made.Delete("bets", id),
                made.Record("bets", $$"""{"id":{{id}}}""", tombstone),
                made.Bet(id + 10, Made.Columns()),
            ]);
        }
        await sink.ReplayAsync(records);
        Assert.Equal(["11", "12", "13", "14"], (await sink.QueryAsync(Rows)).Select(row => row.Split('|')[0]));
        Assert.Empty(sink.DeadLetters);
    }

    /// <summary>clickhouse-sink-connector #1346: a delete that is read again outranks the re-insert that came after it.</summary>
    [Fact]
    public async Task A_delete_that_comes_again_does_not_outrank_the_later_insert()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        StreamRecord insert = made.Bet(1, Made.Columns()),
            delete = made.Delete("bets", 1),
            again = made.Bet(1, Made.Columns("\"amount\":\"20.00\""));
        await sink.ReplayAsync([insert, delete, again]);
        await sink.ReplayAsync([delete with { Offset = 900 }]);
        await sink.ReplayAsync([insert with { Offset = 901 }, delete with { Offset = 902 }]);
        Assert.Equal(["1|OPEN|20.00|"], await sink.QueryAsync(Rows));
    }

    /// <summary>clickhouse-sink-connector #1231: an infinite time stops the connector.</summary>
    [Fact]
    public async Task An_infinite_time_stops_nothing_and_is_marked()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1, "\"name\":\"Ada\",\"created_at\":\"-infinity\""),
            made.Bet(1, Made.Columns("\"placed_at\":\"infinity\"", "\"settled_at\":\"-infinity\"")),
            made.Bet(2, Made.Columns()),
        ]);
        Assert.Equal(
            [
                "1|2299-12-31 23:59:59.999999|1900-01-01 00:00:00.000000|1900-01-01 00:00:00.000000|placed_at settled_at user_created_at",
                "2|2026-01-01 10:00:00.000000|NULL|1900-01-01 00:00:00.000000|user_created_at",
            ],
            await sink.QueryAsync(
                "SELECT bet_id, toString(placed_at), toString(settled_at), toString(user_created_at), "
                    + "arrayStringConcat(marks, ' ') FROM bets_analytics ORDER BY bet_id"
            )
        );
    }

    /// <summary>
    /// clickhouse-sink-connector #1134, #1480: times in the hours of a clock change are wrong, and the checksum tool shifts both sides
    /// alike.
    /// </summary>
    [Theory]
    [InlineData("2026-03-29T00:59:59.999999Z", 1_774_745_999_999_999)]
    [InlineData("2026-03-29T01:00:00.000000Z", 1_774_746_000_000_000)]
    [InlineData("2026-03-29T02:30:00.000000Z", 1_774_751_400_000_000)]
    [InlineData("2026-10-25T00:30:00.000000Z", 1_792_888_200_000_000)]
    [InlineData("2026-10-25T01:30:00.000000Z", 1_792_891_800_000_000)]
    [InlineData("2026-10-25T02:30:00+02:00", 1_792_888_200_000_000)]
    [InlineData("2026-10-25T02:30:00+01:00", 1_792_891_800_000_000)]
    public async Task A_time_is_the_same_moment_whatever_the_clocks_do_and_whatever_zone_the_reader_is_in(string text, long micros)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([new Made().Bet(1, Made.Columns($"\"placed_at\":\"{text}\"", $"\"settled_at\":\"{text}\""))]);
        foreach (var zone in new[] { "UTC", "Europe/Berlin", "America/New_York" })
        {
            Assert.Equal(
                [$"{micros}|{micros}"],
                await sink.QueryAsync(
                    $"SELECT toUnixTimestamp64Micro(placed_at), toUnixTimestamp64Micro(assumeNotNull(settled_at)) "
                        + $"FROM bets_analytics SETTINGS session_timezone = '{zone}'"
                )
            );
        }
    }

    /// <summary>ClickHouse #83517: a large value that an update did not touch is an older one, or the placeholder, afterwards.</summary>
    [Fact]
    public async Task An_untouched_large_value_is_the_last_that_was_sent_across_batches_and_orders()
    {
        const string untouched = "__debezium_unavailable_value";
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        var changes = new[]
        {
            made.User(1, "\"name\":\"old\",\"created_at\":\"2025-01-01T00:00:00.000000Z\""),
            made.User(1, "\"name\":\"new\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", op: "u"),
            made.User(1, $"\"name\":\"{untouched}\",\"created_at\":\"2025-02-01T00:00:00.000000Z\"", op: "u"),
            made.Bet(1, Made.Columns("\"status\":\"OPEN\"")),
            made.Bet(1, Made.Columns("\"status\":\"SETTLED\"", "\"amount\":\"11.00\""), op: "u"),
            made.Bet(1, Made.Columns($"\"status\":\"{untouched}\"", "\"amount\":\"12.00\""), op: "u"),
        };
        foreach (var change in changes.Reverse())
        {
            await sink.ReplayAsync([change]);
        }
        Assert.Equal(["1|SETTLED|12.00|new"], await sink.QueryAsync(Rows));
        Assert.Equal(["2025-02-01 00:00:00.000000"], await sink.QueryAsync("SELECT toString(user_created_at) FROM bets_analytics"));
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"CANCELLED\""), op: "u")]);
        Assert.Equal(["1|CANCELLED|10.00|new"], await sink.QueryAsync(Rows));
    }

    /// <summary>ClickHouse PR 108091: a bare number in a DateTime64 column is taken for seconds, whatever it counts.</summary>
    [Fact]
    public async Task A_bare_number_for_a_time_is_never_guessed_and_counts_what_the_settings_say()
    {
        var number = Made.Columns("\"placed_at\":1767261600123");
        await using var without = await SinkUnderTest.CreateAsync(servers);
        await without.ReplayAsync([new Made().Bet(1, number)]);
        Assert.Equal(RejectReason.UnknownUnit, Assert.Single(without.DeadLetters).Reason);
        await using var with = await SinkUnderTest.CreateAsync(
            servers,
            new CdcSinkOptions { TimeUnits = { ["bets.placed_at"] = TimeUnit.Milliseconds } }
        );
        await with.ReplayAsync([new Made().Bet(1, number)]);
        Assert.Equal(["2026-01-01 10:00:00.123000"], await with.QueryAsync("SELECT toString(placed_at) FROM bets_analytics"));
    }

    /// <summary>
    /// PeerDB #2058: a delete misses its row where the sorting key has columns beyond the primary key, for the delete does not carry them.
    /// </summary>
    [Fact]
    public async Task A_delete_that_carries_the_id_alone_ends_the_bet_under_every_sorting_key_it_had()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns())]);
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"placed_at\":\"2025-03-01T00:00:00.000000Z\"", "\"user_id\":7"), op: "u")]);
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"placed_at\":\"2024-03-01T00:00:00.000000Z\"", "\"event_id\":9"), op: "u")]);
        await sink.ReplayAsync([made.Delete("bets", 1)]);
        Assert.Equal(["2|OPEN|10.00|"], await sink.QueryAsync(Rows));
        Assert.Equal(
            ["3"],
            await sink.QueryAsync("SELECT uniqExact(placed_at, user_id, event_id) FROM bets_analytics_rows WHERE bet_id = 1 AND is_deleted")
        );
    }

    /// <summary>
    /// clickhouse-kafka-connect #24: a writer that was stalled wakes up when the deduplication window has gone by, and its rows count
    /// twice.
    /// </summary>
    [Fact]
    public async Task A_writer_that_wakes_up_after_everything_else_was_written_and_merged_changes_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("churn-3.6");
        var records = Archive.Read(recording).ToList();
        using var stalled = sink.Batch(records[1000..3000]);
        await sink.ReplayAsync(records);
        foreach (var table in new[] { "user_changes", "event_changes", "bet_changes", "bets_analytics_rows" })
        {
            await sink.Client.ExecuteNonQueryAsync($"OPTIMIZE TABLE {table} FINAL");
        }
        await sink.Applier.ApplyAsync(stalled, Task.CompletedTask, CancellationToken.None);
        await Expected.AssertEqualsAsync(sink.Client, recording);
    }
}
