namespace Betting.Local.ClickHouse.Sql;

/// <summary>How a statement has to be run.</summary>
enum StatementKind
{
    /// <summary>A query whose result can be streamed.</summary>
    Select,

    /// <summary>An INSERT whose rows follow as bytes of a format.</summary>
    InsertData,

    /// <summary>Everything else: run as it stands, its result kept whole.</summary>
    Other,
}

/// <summary>One statement out of a request.</summary>
/// <param name="Kind">How to run it.</param>
/// <param name="TextEnd">
/// Where the text for the engine ends, in bytes: before a closing semicolon, and before FORMAT in an INSERT of data.
/// </param>
/// <param name="Format">The format it names, or null.</param>
/// <param name="DataStart">Where the rows of an INSERT of data start, in bytes.</param>
readonly record struct Statement(StatementKind Kind, int TextEnd, string? Format, int DataStart);
