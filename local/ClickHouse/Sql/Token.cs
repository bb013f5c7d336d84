namespace Betting.Local.ClickHouse.Sql;

/// <summary>What a piece of SQL text is, as finely as finding a statement's end and its clauses needs.</summary>
enum TokenKind
{
    /// <summary>A keyword, a bare identifier or a number.</summary>
    Word,

    /// <summary>A string in single or typographic quotes, or a heredoc.</summary>
    Text,

    /// <summary>An identifier in double quotes or backticks.</summary>
    QuotedName,
    Open,
    Close,
    Comma,
    Dot,
    Semicolon,

    /// <summary>Any other character.</summary>
    Symbol,

    /// <summary>The end of the text; or, in text that goes on, the place from which nothing can be told yet.</summary>
    End,
}

/// <summary>A token and where it stands in the text, in bytes.</summary>
readonly record struct Token(TokenKind Kind, int Start, int End);
