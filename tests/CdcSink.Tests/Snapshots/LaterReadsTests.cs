using System.Text;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>
/// A snapshot that is ordered while its epoch is streamed. Its begin is its first read that comes, whatever mark that one has.
/// </summary>
public sealed class LaterReadsTests(Servers servers)
{
    const ulong Position = 900_000;
    const string Noted = "2026-01-01 00:00:00.000000";

    readonly Made _made = new();

    /// <summary>Debezium marks the only read of a snapshot as its last one.</summary>
    [Theory]
    [InlineData("first", "true", "last")]
    [InlineData("last")]
    [InlineData("last_in_data_collection")]
    [InlineData("true", "last")]
    public async Task Its_reads_are_noted_and_hold_what_is_shown(params string[] marks)
    {
        await using var sink = await StreamedAsync();

        await sink.ApplyStreamedAsync([.. marks.Select((mark, index) => Read(index + 1, mark))]);

        Assert.Equal([$"later|{Noted}", $"noted|{Noted}"], await MarkersAsync(sink));
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM holds WHERE startsWith(id, 'snapshot of ')"));
        Assert.Equal(1, sink.Readings.Sum("cdcsink.repeated_snapshots"));
    }

    /// <summary>A transaction that was open when the slot was made is streamed with rows before the position of the reads.</summary>
    [Fact]
    public async Task An_initial_snapshot_beside_an_open_transaction_is_no_later_one()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var records = Archive.Read(Recordings.File("snapshot-in-flight-3.6")).ToList();
        foreach (var order in new[] { records, [.. records.AsEnumerable().Reverse()] })
        {
            await sink.ApplyStreamedAsync(order);
        }

        Assert.Equal(0, sink.Readings.Sum("cdcsink.repeated_snapshots"));
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));
    }

    /// <summary>
    /// The first transaction behind a new slot names no commit before it, so no position of the epoch is stored. It may be committed
    /// between the slot's begin and the reads, which are dated after it.
    /// </summary>
    [Theory]
    [InlineData(10, false)]
    [InlineData(70, true)]
    public async Task One_transaction_between_the_slot_and_the_reads_is_no_stream_before_them(int secondsBefore, bool hasStreamed)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        const long ReadAt = 1_767_225_600_000;
        var first = _made.Bet(1, Made.Columns(), epoch: "2", committedMs: ReadAt - secondsBefore * 1000, lsn: Position + 80);
        var text = Encoding.UTF8.GetString(first.Value!).Replace($"[\\\"{Position + 80}\\\",", "[null,", StringComparison.Ordinal);
        Assert.Contains("[null,", text, StringComparison.Ordinal);
        var read = _made.Bet(2, Made.Columns(), op: "r", epoch: "2", snapshot: "last", committedMs: ReadAt, lsn: Position);
        var reads = new SnapshotReads(ChangeVersion.Of(2, streamed: false, Position));
        await sink.ApplyStreamedAsync([read, first with { Value = Encoding.UTF8.GetBytes(text) }]);
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM commit_seconds"));

        // Nothing tells yet that positions and watermarks of the epoch are stored at all.
        Assert.True(await sink.Snapshots.HasStreamedBeforeAsync(SourceTable.Bets, reads, TestContext.Current.CancellationToken));

        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T00:00:02+00:00", epoch: "2", lsn: Position + 160)]);
        Assert.Equal(
            hasStreamed,
            await sink.Snapshots.HasStreamedBeforeAsync(SourceTable.Bets, reads, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Its_reads_are_noted_where_ClickHouse_refuses_the_first_of_them()
    {
        await using var sink = await StreamedAsync();
        await sink.QueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT refused CHECK id != 5");
        var refused = Read(5, "first");

        await sink.ApplyPatientlyAsync([refused, Read(6, "true"), Read(7, "last")]);
        Assert.Single(sink.DeadLetters);
        Assert.Equal([$"later|{Noted}", $"noted|{Noted}"], await MarkersAsync(sink));

        // Replayed a day later, it was read when it was read.
        await sink.QueryAsync("ALTER TABLE bet_changes DROP CONSTRAINT refused");
        await sink.ApplyStreamedAsync([refused with { Offset = 100, TimestampMs = refused.TimestampMs + 86_400_000 }]);
        await sink.QueryAsync("OPTIMIZE TABLE snapshot_markers FINAL");
        Assert.Equal([$"later|{Noted}", $"noted|{Noted}"], await MarkersAsync(sink));
    }

    [Fact]
    public async Task The_batches_that_follow_with_its_reads_say_nothing_new()
    {
        await using var sink = await StreamedAsync();
        await sink.ApplyStreamedAsync([Read(1, "first")]);
        await sink.ApplyStreamedAsync([Read(2, "true") with { TimestampMs = 1_767_225_700_000 }]);
        await sink.ApplyStreamedAsync([Read(3, "last") with { TimestampMs = 1_767_225_800_000 }]);
        Assert.Equal([$"later|{Noted}", $"noted|{Noted}"], await MarkersAsync(sink));
        Assert.Equal(1, sink.Readings.Sum("cdcsink.repeated_snapshots"));
    }

    async Task<SinkUnderTest> StreamedAsync()
    {
        var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([
            _made.Bet(1, Made.Columns(), lsn: 8_000),
            _made.Watermark("2025-12-31T23:00:00+00:00", lsn: 16_000),
        ]);
        return sink;
    }

    StreamRecord Read(long id, string mark) => _made.Bet(id, Made.Columns(), op: "r", snapshot: mark, lsn: Position);

    static Task<List<string>> MarkersAsync(SinkUnderTest sink) =>
        sink.QueryAsync(
            "SELECT marker, toString(min(committed_at)) FROM snapshot_markers WHERE marker IN ('later', 'noted') GROUP BY marker ORDER BY "
                + "marker"
        );
}
