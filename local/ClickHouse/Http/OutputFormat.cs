namespace Betting.Local.ClickHouse.Http;

/// <summary>What has to be known of a result's format.</summary>
static class OutputFormat
{
    public const string WithNamesAndTypes = "RowBinaryWithNamesAndTypes";

    /// <summary>
    /// As a library the engine writes each block of a streamed result as a document of its own. These formats are plain sequences
    /// of rows or blocks, so that the documents put together are the whole; the one header among them is cut off behind the first.
    /// Results in any other format are kept whole in memory before they are sent.
    /// </summary>
    static readonly HashSet<string> Streamable = new(StringComparer.OrdinalIgnoreCase)
    {
        WithNamesAndTypes,
        "RowBinary",
        "Native",
        "TabSeparated",
        "TSV",
        "TabSeparatedRaw",
        "TSVRaw",
        "CSV",
        "TSKV",
        "LineAsString",
        "JSONEachRow",
        "JSONCompactEachRow",
        "JSONStringsEachRow",
        "JSONLines",
        "NDJSON",
        "MsgPack",
    };

    public static bool CanStream(string format) => Streamable.Contains(format);

    public static bool HasHeader(string format) => format.Equals(WithNamesAndTypes, StringComparison.OrdinalIgnoreCase);

    public static string ContentType(string format)
    {
        if (format.StartsWith("JSON", StringComparison.OrdinalIgnoreCase) || format.Equals("NDJSON", StringComparison.OrdinalIgnoreCase))
            return "application/json; charset=UTF-8";
        if (format.StartsWith("CSV", StringComparison.OrdinalIgnoreCase))
            return "text/csv; charset=UTF-8; header="
                + (format.Contains("WithNames", StringComparison.OrdinalIgnoreCase) ? "present" : "absent");
        if (
            format.StartsWith("TabSeparated", StringComparison.OrdinalIgnoreCase)
            || format.StartsWith("TSV", StringComparison.OrdinalIgnoreCase)
        )
            return "text/tab-separated-values; charset=UTF-8";
        return
            format.StartsWith("RowBinary", StringComparison.OrdinalIgnoreCase)
            || format.Equals("Native", StringComparison.OrdinalIgnoreCase)
            ? "application/octet-stream"
            : "text/plain; charset=UTF-8";
    }
}
