namespace Betting.Local.ClickHouse.Sql;

/// <summary>
/// Follows the tokens of a query to its FORMAT clause. FORMAT is no reserved word: it is the clause only where an expression has
/// ended, with a name after it and nothing but SETTINGS behind.
/// </summary>
struct FormatClause
{
    State _state;
    string? _candidate;

    enum State
    {
        Outside,
        AfterKeyword,
        AfterName,
        InSettings,
    }

    /// <summary>The format's name, once every token was seen.</summary>
    public readonly string? Name => _state is State.AfterName or State.InSettings ? _candidate : null;

    public void See(ref Lexer lexer, Token previous, Token token, int depth)
    {
        if (_state == State.InSettings || token.Kind is TokenKind.End or TokenKind.Semicolon)
            return;

        if (_state == State.AfterKeyword && token.Kind == TokenKind.Word)
        {
            _candidate = lexer.Read(token);
            _state = State.AfterName;
        }
        else if (_state == State.AfterName && lexer.Is(token, "SETTINGS"))
        {
            _state = State.InSettings;
        }
        else
        {
            _state = depth == 0 && lexer.Is(token, "FORMAT") && EndsExpression(ref lexer, previous) ? State.AfterKeyword : State.Outside;
        }
    }

    static bool EndsExpression(ref Lexer lexer, Token token) =>
        token.Kind switch
        {
            TokenKind.Text or TokenKind.QuotedName or TokenKind.Close => true,
            TokenKind.Word => !(
                lexer.Is(token, "SELECT")
                || lexer.Is(token, "DISTINCT")
                || lexer.Is(token, "AS")
                || lexer.Is(token, "BY")
                || lexer.Is(token, "WHERE")
                || lexer.Is(token, "FROM")
                || lexer.Is(token, "AND")
                || lexer.Is(token, "OR")
            ),
            // SELECT * FORMAT …
            TokenKind.Symbol => lexer.Read(token) == "*",
            _ => false,
        };
}
