using System.Diagnostics.Metrics;
using Betting.CdcSink;
using Betting.Debezium;
using Betting.Schema;
using Betting.Tests.CdcSink.Proof;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary>The fourteen facts of recorded streams, each by what people see in bets_analytics, or by what is refused.</summary>
public sealed class FactTests(Servers servers)
{
    const string Rows = "SELECT bet_id, bet_status, toDecimalString(bet_amount, 2), user_name FROM bets_analytics ORDER BY bet_id";

    [Fact]
    public async Task Fact_1_a_snapshot_read_with_a_larger_lsn_than_a_newer_change_loses_to_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("snapshot-in-flight-3.6");
        await sink.ReplayAsync(Archive.Read(recording).Reverse());
        await Expected.AssertEqualsAsync(sink.Client, recording);
        // With the plain LSN as the version the reads would win: that many rows would be wrong.
        Assert.NotEqual(
            ["0"],
            await sink.QueryAsync(
                "SELECT count() FROM (SELECT id FROM bet_changes GROUP BY id HAVING "
                    + "argMax(status, version) != argMax(status, bitAnd(version, 72057594037927935)))"
            )
        );
    }

    [Fact]
    public async Task Fact_2_incremental_reads_stand_by_their_sequence_add_what_is_missing_and_overwrite_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("incremental-3.6");
        var records = Archive.Read(recording).ToList();
        bool IsIncremental(StreamRecord record) =>
            record.Value is { } value && value.AsSpan().IndexOf("\"snapshot\":\"incremental\""u8) >= 0;
        await sink.ReplayAsync(records.Where(IsIncremental));
        Assert.Equal(["399"], await sink.QueryAsync("SELECT count() FROM bets_analytics"));
        await sink.ReplayAsync(records.Where(record => !IsIncremental(record)));
        await sink.ReplayAsync(records.Where(IsIncremental));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal(
            ["0"],
            await sink.QueryAsync("SELECT count() FROM bet_changes WHERE version = 0 OR bitAnd(version, 72057594037927935) = 0")
        );
    }

    [Fact]
    public async Task Fact_3_what_a_former_row_says_beyond_its_key_never_becomes_a_row()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("identity-default-3.6");
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal(
            ["0"],
            await sink.QueryAsync("SELECT count() FROM bets_analytics_rows WHERE toYear(placed_at) = 1970 OR user_id = 0 OR event_id = 0")
        );
        Assert.Equal(
            ["0"],
            await sink.QueryAsync(
                "SELECT (SELECT count() FROM bets_by_user WHERE user_id = 0) + (SELECT count() FROM bets_by_event WHERE event_id = 0)"
            )
        );
    }

    [Fact]
    public async Task Fact_4_a_repair_fits_above_the_state_that_was_compared_and_below_any_later_change()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns(), lsn: 800)]);
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"CANCELLED\""), op: "u", lsn: 801)]);
        Assert.Equal(["1|CANCELLED|10.00|"], await sink.QueryAsync(Rows));
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u", lsn: 808)]);
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"CANCELLED\""), op: "u", lsn: 801)]);
        Assert.Equal(["1|SETTLED|10.00|"], await sink.QueryAsync(Rows));
    }

    [Theory]
    [InlineData("null")]
    [InlineData(null)]
    public async Task Fact_5_a_tombstone_that_is_the_only_sign_of_a_delete_names_the_setting_that_is_wrong(string? tombstone)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns()),
            made.Bet(2, Made.Columns()),
            made.Record("bets", """{"id":1}""", tombstone),
            made.Delete("bets", 2),
            made.Record("bets", """{"id":2}""", tombstone),
        ]);
        var letter = Assert.Single(sink.DeadLetters);
        Assert.Equal((RejectReason.TombstoneWithoutDelete, 2L), (letter.Reason, letter.Record.Offset));
        Assert.Equal(["1|OPEN|10.00|"], await sink.QueryAsync(Rows));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fact_6_a_rebuilt_cluster_outranks_the_old_one_with_the_epoch_of_its_records_or_of_the_settings(bool inRecords)
    {
        var options = new CdcSinkOptions();
        await using var sink = await SinkUnderTest.CreateAsync(servers, options);
        var recording = Recordings.File("rebuilt-3.6");
        var records = Archive.Read(recording).ToList();
        var epochs = records
            .GroupBy(record => record.Headers.Any(header => header is { Name: "epoch", Value: [(byte)'2'] }))
            .OrderBy(second => second.Key);
        foreach (var epoch in epochs)
        {
            options.DefaultEpoch =
                inRecords ? 1
                : epoch.Key ? 2
                : 1;
            await sink.ReplayAsync(
                epoch.Select(record =>
                    inRecords ? record : record with { Headers = [.. record.Headers.Where(header => header.Name != "epoch")] }
                )
            );
        }
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() > 0 FROM bet_changes WHERE id = 9"));
        Assert.Empty(await sink.QueryAsync("SELECT bet_id FROM bets_analytics WHERE bet_id = 9"));
    }

    [Fact]
    public async Task Fact_7_a_second_snapshot_in_an_epoch_is_noticed_and_takes_nothing_back()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var noticed = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "cdcsink.repeated_snapshots")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref noticed, count));
        listener.Start();
        var made = new Made();
        await sink.ReplayAsync([made.User(1, op: "r", snapshot: "first"), made.Bet(1, Made.Columns(), op: "r", snapshot: "last")]);
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u"), made.Bet(2, Made.Columns())]);
        var before = noticed;
        await sink.ReplayAsync([
            made.User(1, op: "r", snapshot: "first"),
            made.Bet(1, Made.Columns(), op: "r", snapshot: "first_in_data_collection"),
            made.Bet(3, Made.Columns(), op: "r", snapshot: "last"),
        ]);
        Assert.True(noticed > before, "noticed");
        // Bet 2, of which the second snapshot knows nothing, may be gone or only younger: that is for the Reconciler to say.
        Assert.Equal(["1|SETTLED|10.00|Ada", "2|OPEN|10.00|Ada", "3|OPEN|10.00|Ada"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task Fact_8_a_connector_that_begins_its_snapshot_again_counts_nothing_twice_and_misses_only_messages()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("killed-3.6");
        var records = Archive.Read(recording).ToList();
        var snapshot = records
            .TakeWhile(record => record.Value is null || record.Value.AsSpan().IndexOf("\"op\":\"c\""u8) < 0)
            .Where(record => record.Topic.Contains(".public.", StringComparison.Ordinal))
            .ToList();
        await sink.ReplayAsync([
            .. snapshot.Take(snapshot.Count / 2),
            .. snapshot.Select(record => record with { Offset = record.Offset + 100_000 }),
            .. records,
        ]);
        await Expected.AssertEqualsAsync(sink.Client, recording);
    }

    [Theory]
    [InlineData("INSERT INTO bets VALUES (1, 1, 1, 'OPEN', 'NaN', NULL, now(), NULL)")]
    [InlineData("INSERT INTO bets VALUES (1, 1, 1, 'OPEN', 1, 'NaN', now(), NULL)")]
    public async Task Fact_9_a_NaN_that_would_end_the_connector_is_refused_by_PostgreSQL(string insert)
    {
        var connection = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(connection, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        await using var postgres = NpgsqlDataSource.Create(connection);
        await using var command = postgres.CreateCommand(insert);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.CheckViolation, refused.SqlState);
    }

    [Fact]
    public async Task Fact_10_a_time_is_read_in_each_of_its_texts()
    {
        (string Text, string Shown)[] times =
        [
            ("2025-01-01T00:00:00.000000Z", "2025-01-01 00:00:00.000000"),
            ("2025-01-01T00:00:00.000001Z", "2025-01-01 00:00:00.000001"),
            ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00.000000"),
            ("+294276-12-31T23:59:59.999999Z", "2299-12-31 23:59:59.999999"),
            ("-0043-03-15T00:00:00.000000Z", "1900-01-01 00:00:00.000000"),
            ("infinity", "2299-12-31 23:59:59.999999"),
            ("-infinity", "1900-01-01 00:00:00.000000"),
        ];
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync(times.Select((time, at) => made.Bet(at + 1, Made.Columns($"\"placed_at\":\"{time.Text}\""))));
        Assert.Equal(
            times.Select((time, at) => $"{at + 1}|{time.Shown}"),
            await sink.QueryAsync("SELECT bet_id, toString(placed_at) FROM bets_analytics ORDER BY bet_id")
        );
    }

    [Fact]
    public async Task Fact_11_unknown_headers_and_fields_do_not_matter()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("recommended-3.6");
        await sink.ReplayAsync(
            Archive
                .Read(recording)
                .Select(record =>
                    record.With(text =>
                        text.StartsWith("{\"before\"", StringComparison.Ordinal)
                            ? text.Replace("{\"before\"", "{\"next\":[{\"a\":{}}],\"before\"", StringComparison.Ordinal)
                                .Replace("\"source\":{", "\"source\":{\"shard\":7,\"more\":{\"lsn\":1}, ", StringComparison.Ordinal)
                            : text
                    ) with
                    {
                        Headers =
                        [
                            .. record.Headers.Where(header => !header.Name.StartsWith("__debezium.context", StringComparison.Ordinal)),
                            new RecordHeader("__debezium.context.other", null),
                            new RecordHeader("traceparent", "x"u8.ToArray()),
                        ],
                    }
                )
        );
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Empty(sink.DeadLetters);
    }

    [Fact]
    public async Task Fact_12_a_truncate_in_one_partition_ends_the_rows_of_all()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        StreamRecord[] before = [.. Enumerable.Range(1, 9).Select(id => made.Bet(id, Made.Columns(), partition: id % 3))];
        var truncate = made.Change("bets", "t", null, "", partition: 1) with { Key = null };
        var after = made.Bet(20, Made.Columns(), partition: 2);
        await sink.ReplayAsync([.. before[..4], truncate, after]);
        // Partitions come in any order: what is older than the truncate may come after it.
        await sink.ReplayAsync(before[4..]);
        Assert.Equal(["20|OPEN|10.00|"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task Fact_13_changes_sent_again_at_later_offsets_are_kept_once()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("killed-3.6");
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        var sent = Archive
            .Read(recording)
            .Count(record => record.Topic.EndsWith(".bets", StringComparison.Ordinal) && record.Value is not null);
        var kept = long.Parse(
            (await sink.QueryAsync("SELECT count() FROM bet_changes FINAL"))[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        Assert.True(sent - kept > 400, $"{sent} sent, {kept} kept");
    }

    [Fact]
    public async Task Fact_14_rows_that_share_an_lsn_are_rows_of_their_own()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Recordings.File("copy-3.6");
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal(
            ["1"],
            await sink.QueryAsync("SELECT max(rows) > 100 FROM (SELECT count() AS rows FROM bet_changes FINAL GROUP BY version)")
        );
        await using var other = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await other.ReplayAsync([
            made.Bet(1, Made.Columns()),
            made.Change("bets", "d", null, """{"id":1}""", lsn: 90_000),
            made.Record("bets", """{"id":1}""", null),
            made.Bet(2, Made.Columns(), lsn: 90_000),
        ]);
        Assert.Equal(["2|OPEN|10.00|"], await other.QueryAsync(Rows));
    }
}
