using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Sql;

/// <summary>
/// Finds the one statement of a request: what kind it is, where it ends, where the rows of an INSERT start. Refuses what the
/// engine as a library would take and a server does not, above all a second statement: the engine would run it.
/// </summary>
static class StatementReader
{
    /// <summary>False when the text, which goes on, does not tell yet.</summary>
    /// <param name="text">UTF-8: the request's text, or as much of it as has come.</param>
    /// <param name="isWhole">Whether nothing follows. The rows of an INSERT need not have come.</param>
    /// <exception cref="EngineException">Empty, several statements, or something that only a client of the engine can do.</exception>
    public static bool TryRead(ReadOnlySpan<byte> text, bool isWhole, out Statement statement)
    {
        statement = default;
        var lexer = new Lexer(text, isWhole);
        var first = lexer.Next();
        if (first.Kind == TokenKind.End)
            return isWhole ? throw new EngineException(ErrorCode.SyntaxError, "Empty query") : false;

        return lexer.Is(first, "INSERT")
            ? InsertReader.TryRead(text, isWhole, ref lexer, out statement)
            : isWhole && TryReadQuery(text, first, ref lexer, out statement);
    }

    static bool TryReadQuery(ReadOnlySpan<byte> text, Token first, ref Lexer lexer, out Statement statement)
    {
        var isSelect = first.Kind == TokenKind.Open || lexer.Is(first, "SELECT") || lexer.Is(first, "WITH") || lexer.Is(first, "FROM");
        var format = new FormatClause();
        var depth = 0;
        var end = text.Length;
        var previous = first;
        for (var token = first; ; previous = token, token = lexer.Next())
        {
            format.See(ref lexer, previous, token, depth);
            switch (token.Kind)
            {
                case TokenKind.End:
                    statement = new Statement(isSelect ? StatementKind.Select : StatementKind.Other, end, format.Name, 0);
                    return true;
                case TokenKind.Semicolon when depth <= 0:
                    RefuseSecondStatement(ref lexer);
                    statement = new Statement(isSelect ? StatementKind.Select : StatementKind.Other, token.Start, format.Name, 0);
                    return true;
                case TokenKind.Open:
                    depth++;
                    break;
                case TokenKind.Close:
                    depth--;
                    break;
                case TokenKind.Word when depth == 0 && lexer.Is(token, "OUTFILE") && lexer.Is(previous, "INTO"):
                    throw new EngineException(ErrorCode.IntoOutfileNotAllowed, "INTO OUTFILE is not allowed");
                case TokenKind.Word when depth == 0 && lexer.Is(token, "INSERT"):
                    isSelect = false; // WITH … INSERT INTO … SELECT
                    break;
            }
        }
    }

    /// <summary>After a semicolon only further ones may come.</summary>
    public static void RefuseSecondStatement(ref Lexer lexer)
    {
        Token token;
        do token = lexer.Next();
        while (token.Kind == TokenKind.Semicolon);

        if (token.Kind != TokenKind.End)
            throw new EngineException(
                ErrorCode.SyntaxError,
                $"Syntax error (Multi-statements are not allowed): failed at position {token.Start + 1}"
            );
    }
}
