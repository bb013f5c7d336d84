using System.Globalization;
using System.Text;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Join;
using Betting.CdcSink.Messages;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Formats;

/// <summary>Rows in Native form, and the real engine that takes them.</summary>
public sealed class NativeRowsTests(Servers servers)
{
    static readonly Column[] EveryKind =
    [
        Column.Int64("id"),
        Column.Bool("flag"),
        Column.UInt8("tiny"),
        Column.UInt16("small"),
        Column.Int32("int"),
        Column.UInt32("uint"),
        Column.UInt64("large"),
        Column.UInt128("huge"),
        Column.Text("text"),
        Column.Money("amount"),
        Column.Money("payout").OrNull(),
        Column.Time("at"),
        Column.Millis("millis"),
        Column.Uuid("uuid"),
        Column.Map("originals"),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(20_000)]
    public async Task The_engine_shows_every_value_as_it_was_written(int count)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await sink.Client.ExecuteNonQueryAsync(
            $"CREATE TABLE kinds ({string.Join(", ", EveryKind.Select(column => $"{column.Name} {column.Type}"))}) ENGINE = MergeTree "
                + $"ORDER BY id"
        );
        using var rows = new NativeRows(EveryKind);
        List<string> expected = [];
        for (var id = -1; id < count - 1; id++)
        {
            expected.Add(Write(rows, id));
        }

        await store.InsertAsync("kinds", rows, CancellationToken.None);

        Assert.Equal(count, rows.Rows);
        Assert.Equal(
            expected,
            await sink.QueryAsync(
                """
                SELECT id, toUInt8(flag), tiny, small, int, uint, large, toString(huge), concat(toString(length(text)), ':', substring(text,
                    1, 20)), toString(amount), toString(payout),
                    toUnixTimestamp64Micro(at), toUnixTimestamp64Milli(millis), toString(uuid), toString(originals)
                FROM kinds ORDER BY id
                """
            )
        );
    }

    [Fact]
    public async Task A_text_may_be_longer_than_a_piece()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await sink.Client.ExecuteNonQueryAsync("CREATE TABLE texts (text String) ENGINE = MergeTree ORDER BY tuple()");
        using var rows = new NativeRows([Column.Text("text")]);
        int[] lengths = [0, 127, 128, 16_383, 16_384, 300_000, 2_100_000, 1];
        foreach (var length in lengths)
        {
            rows.WriteString(Encoding.UTF8.GetBytes(new string('x', length)));
            rows.EndRow();
        }

        await store.InsertAsync("texts", rows, CancellationToken.None);

        Assert.Equal(
            [.. lengths.Order().Select(length => length.ToString(CultureInfo.InvariantCulture))],
            await sink.QueryAsync("SELECT length(text) FROM texts ORDER BY length(text)")
        );
    }

    [Fact]
    public async Task A_block_is_sent_as_it_was_written_and_so_again()
    {
        using var rows = new NativeRows(EveryKind);
        for (var id = 0; id < 20_000; id++)
        {
            Write(rows, id);
        }
        var bytes = rows.Open();
        var whole = new byte[bytes.Length];
        await bytes.ReadExactlyAsync(whole);
        Assert.InRange(whole.Length, rows.Length, rows.Length + 500);
        Assert.Equal(-1, bytes.ReadByte());
        bytes.Position = 70_000;
        var copy = new MemoryStream();
        await bytes.CopyToAsync(copy);
        Assert.Equal(whole[70_000..], copy.ToArray());
        Assert.Equal(bytes.Length, bytes.Position);
    }

    [Fact]
    public void A_row_that_lacks_a_value_is_refused_before_it_shifts_those_behind_it()
    {
        using var rows = new NativeRows([Column.Int64("id"), Column.Text("name")]);
        rows.WriteInt64(1);
        var refused = Assert.Throws<InvalidOperationException>(rows.EndRow);
        Assert.Contains("id, name", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A block is not merged before it is written, so it is FINAL that has to see the two.</summary>
    [Fact]
    public async Task Of_two_rows_with_one_key_in_a_block_people_see_the_one_of_the_higher_version()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        using var rows = new NativeRows(JoinedRows.Columns);
        foreach (
            var (bet, version, status) in new (long, ulong, string)[]
            {
                (1, 7, "SETTLED"),
                (1, 3, "OPEN"),
                (2, 5, "OPEN"),
                (2, 9, "CANCELLED"),
            }
        )
        {
            WriteBet(rows, bet, version, status);
        }

        await store.InsertAsync("bets_analytics_rows", rows, CancellationToken.None);

        Assert.Equal(
            ["1|7|SETTLED", "2|9|CANCELLED"],
            await sink.QueryAsync("SELECT bet_id, bet_version, bet_status FROM bets_analytics ORDER BY bet_id")
        );
        Assert.Equal(["4"], await sink.QueryAsync("SELECT count() FROM bets_analytics_rows"));
    }

    [Fact]
    public async Task What_is_sent_for_a_column_has_the_type_that_its_table_has()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeRows();
        using var joined = new NativeRows(JoinedRows.Columns);
        using var progress = ProgressRows.Of([], 0);
        using var seconds = new CommitSeconds().ToRows();
        foreach (
            var (table, rows) in changes
                .Tables.Append(("fences", changes.Fences))
                .Append(("watermarks", changes.Watermarks))
                .Append(("clock_jumps", changes.ClockJumps))
                .Append(("bets_analytics_rows", joined))
                .Append(("sink_progress", progress))
                .Append(("commit_seconds", seconds))
        )
        {
            var types = (
                await sink.QueryAsync(
                    $"SELECT name, replaceRegexpOne(type, "
                        + $"'^(LowCardinality[(]|SimpleAggregateFunction[(][a-z]+, )(.*)[)]$', '\\\\2') FROM system.columns WHERE "
                        + $"database = currentDatabase() AND table = '{table}'"
                )
            )
                .Select(row => row.Split('|'))
                .ToDictionary(row => row[0], row => row[1]);
            Assert.All(rows.Columns, column => Assert.Equal((table, column.Name, types[column.Name]), (table, column.Name, column.Type)));
        }
    }

    static void WriteBet(NativeRows rows, long bet, ulong version, string status)
    {
        rows.WriteInt64(bet);
        rows.WriteString(Encoding.UTF8.GetBytes(status));
        rows.WriteInt64(100);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(0);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(1);
        rows.WriteString("Ada"u8);
        rows.WriteNullableInt64(null);
        rows.WriteInt64(1);
        rows.WriteString("Cup"u8);
        rows.WriteString("football"u8);
        rows.WriteNullableInt64(null);
        rows.WriteString("LIVE"u8);
        rows.WriteUInt64(version);
        rows.WriteUInt64(1);
        rows.WriteUInt64(1);
        rows.WriteUInt128(new UInt128(version, 2));
        rows.WriteBool(false);
        rows.WriteUInt16(0);
        rows.EndRow();
    }

    /// <returns>The row as the engine is asked for it.</returns>
    static string Write(NativeRows rows, int id)
    {
        var (text, payout) = (new string((char)('a' + ((id + 26) % 26)), (id + 1) * 37 % 300), id % 3 == 0 ? null : (long?)id * 100 + 7);
        rows.WriteInt64(id);
        rows.WriteBool(id % 2 == 0);
        rows.WriteUInt8((byte)(id + 1));
        rows.WriteUInt16((ushort)(id + 1));
        rows.WriteInt32(-id);
        rows.WriteUInt32((uint)(id + 1));
        rows.WriteUInt64(ulong.MaxValue - (ulong)(id + 1));
        rows.WriteUInt128(new UInt128((ulong)(id + 1), 5));
        rows.WriteString(Encoding.UTF8.GetBytes(text));
        rows.WriteInt64(id * 100L + 5);
        rows.WriteNullableInt64(payout);
        rows.WriteInt64(id * 1_000_000L);
        rows.WriteInt64(id * 1_000L);
        var uuid = new Guid(id, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        rows.WriteUuid(uuid);
        for (var pair = 0; pair < (id + 3) % 3; pair++)
        {
            rows.WritePair(Encoding.UTF8.GetBytes($"k{pair}"), Encoding.UTF8.GetBytes($"v{id}"));
        }
        rows.EndMap();
        rows.EndRow();
        var pairs = string.Join(",", Enumerable.Range(0, (id + 3) % 3).Select(pair => $"'k{pair}':'v{id}'"));
        return string.Create(
                CultureInfo.InvariantCulture,
                $"{id}|{(id % 2 == 0 ? 1 : 0)}|{(byte)(id + 1)}|{(ushort)(id + 1)}|{-id}|{(uint)(id + 1)}|{ulong.MaxValue - (ulong)(id + 1)}|{new UInt128((ulong)(id + 1), 5)}|"
            )
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{text.Length}:{text[..Math.Min(20, text.Length)]}|{Hundredths(id * 100L + 5)}|{(payout is { } paid ? Hundredths(paid) : "NULL")}|{id * 1_000_000L}|{id * 1_000L}|{uuid}|{{{pairs}}}"
            );
    }

    // As ClickHouse writes a decimal: without zeros at its end.
    static string Hundredths(long value) => (value / 100m).ToString("0.##", CultureInfo.InvariantCulture);
}
