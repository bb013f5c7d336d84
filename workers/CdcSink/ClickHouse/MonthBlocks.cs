using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;
using ClickHouse.Driver;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Inserts rows of bets in blocks that span no more months than a server takes in one block. The table has a partition for each month, and
/// 252 answers both a block of too many partitions and a table with too many parts: so a block that is refused with it is split by
/// month, down to one month.
/// </summary>
static class MonthBlocks
{
    /// <summary>The default of <c>max_partitions_per_insert_block</c>.</summary>
    public const int MostMonths = 100;

    const string PlacedAt = "placed_at";

    /// <param name="rows">Rows with the column <c>placed_at</c>.</param>
    /// <param name="insertAsync">Inserts one block. May be repeated.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task InsertAsync(
        NativeRows rows,
        Func<NativeRows, CancellationToken, Task> insertAsync,
        CancellationToken cancellation
    )
    {
        var months = MonthsOf(rows);
        if (months.Count <= MostMonths)
        {
            try
            {
                await insertAsync(rows, cancellation);
                return;
            }
            catch (ClickHouseServerException refused) when (refused.ErrorCode == ClickHouseErrors.TooManyParts && months.Count > 1)
            {
                // Continued below, with half as many months a block.
            }
        }
        var most = months.Count > MostMonths ? MostMonths : (months.Count + 1) / 2;
        var blocks = Split(rows, months, most);
        try
        {
            foreach (var block in blocks)
            {
                await InsertAsync(block, insertAsync, cancellation);
            }
        }
        finally
        {
            blocks.ForEach(block => block.Dispose());
        }
    }

    /// <summary>The months of the rows, as the count of months since year 0.</summary>
    static SortedSet<int> MonthsOf(NativeRows rows)
    {
        var months = new SortedSet<int>();
        var (low, high) = (1L, 0L);
        foreach (var piece in rows.Pieces(PlacedAt))
        {
            foreach (var time in MemoryMarshal.Cast<byte, long>(piece.Span))
            {
                // Nearly all rows are of the month of the row before.
                if (time < low || time >= high)
                {
                    months.Add(Month(time, out low, out high));
                }
            }
        }
        return months;
    }

    static List<NativeRows> Split(NativeRows rows, SortedSet<int> months, int most)
    {
        var blocks = months.Select((month, index) => (month, block: index / most)).ToDictionary(each => each.month, each => each.block);
        var ofRows = new int[rows.Rows];
        var row = 0;
        foreach (var piece in rows.Pieces(PlacedAt))
        {
            foreach (var time in MemoryMarshal.Cast<byte, long>(piece.Span))
            {
                ofRows[row++] = blocks[Month(time, out _, out _)];
            }
        }
        return rows.Split(ofRows, (months.Count + most - 1) / most);
    }

    /// <param name="time">Microseconds since 1970 UTC, from 1900 to 2299.</param>
    /// <param name="start">The month's first microsecond.</param>
    /// <param name="end">The next month's first.</param>
    static int Month(long time, out long start, out long end)
    {
        var day = DateTime.UnixEpoch.AddTicks(time * TimeSpan.TicksPerMicrosecond);
        var first = new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Utc);
        start = (first - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        end = (first.AddMonths(1) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return day.Year * 12 + day.Month;
    }
}
