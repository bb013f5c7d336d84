using System.Globalization;
using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Http;

/// <summary>The header X-ClickHouse-Summary: numbers as text, as ClickHouse writes them.</summary>
static class Summary
{
    public const string Header = "X-ClickHouse-Summary";

    public static string Write(QueryStatistics statistics, TimeSpan elapsed)
    {
        // Of a query that writes, ClickHouse counts the written rows as its result.
        var resultRows = statistics.WrittenRows > 0 ? statistics.WrittenRows : statistics.ResultRows;
        var resultBytes = statistics.WrittenRows > 0 ? statistics.WrittenBytes : statistics.ResultBytes;
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"read_rows":"{{statistics.ReadRows}}","read_bytes":"{{statistics.ReadBytes}}","written_rows":"{{statistics.WrittenRows}}","written_bytes":"{{statistics.WrittenBytes}}","total_rows_to_read":"0","result_rows":"{{resultRows}}","result_bytes":"{{resultBytes}}","elapsed_ns":"{{elapsed.Ticks * TimeSpan.NanosecondsPerTick}}"}"""
        );
    }
}
