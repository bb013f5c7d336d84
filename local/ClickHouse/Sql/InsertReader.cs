using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Sql;

/// <summary>Reads an INSERT behind its first word: with rows in a format, with VALUES, or from a SELECT.</summary>
static class InsertReader
{
    public static bool TryRead(ReadOnlySpan<byte> text, bool isWhole, ref Lexer lexer, out Statement statement)
    {
        statement = default;
        var depth = 0;
        for (var token = AfterTarget(ref lexer); token.Kind != TokenKind.End; token = lexer.Next())
        {
            if (token.Kind == TokenKind.Open)
                depth++;
            else if (token.Kind == TokenKind.Close)
                depth--;
            else if (depth == 0 && token.Kind == TokenKind.Semicolon)
                break;
            else if (depth == 0 && lexer.Is(token, "FORMAT"))
                return TryReadData(text, isWhole, token, ref lexer, out statement);
            else if (depth == 0 && lexer.Is(token, "INFILE"))
                throw new EngineException(ErrorCode.UnknownTypeOfQuery, "Query has infile and was sent directly to the server");
            else if (depth == 0 && lexer.Is(token, "VALUES"))
                return isWhole && Whole(text, ref lexer, out statement);
            else if (depth == 0 && (lexer.Is(token, "SELECT") || lexer.Is(token, "WITH")))
                return isWhole && FromSelect(text, ref lexer, out statement);
        }

        return isWhole ? throw new EngineException(ErrorCode.SyntaxError, "Syntax error: an INSERT needs VALUES, FORMAT or SELECT") : false;
    }

    /// <summary>The first token behind <c>[INTO] [TABLE] [FUNCTION] name[.name]</c>: a table may be called format or values.</summary>
    static Token AfterTarget(ref Lexer lexer)
    {
        var token = lexer.Next();
        if (lexer.Is(token, "INTO"))
            token = lexer.Next();
        if (lexer.Is(token, "TABLE"))
            token = lexer.Next();
        if (lexer.Is(token, "FUNCTION"))
            token = lexer.Next();

        token = lexer.Next();
        while (token.Kind == TokenKind.Dot)
        {
            _ = lexer.Next();
            token = lexer.Next();
        }

        return token;
    }

    static bool TryReadData(ReadOnlySpan<byte> text, bool isWhole, Token keyword, ref Lexer lexer, out Statement statement)
    {
        statement = default;
        var name = lexer.Next();
        if (name.Kind != TokenKind.Word)
            return isWhole ? throw new EngineException(ErrorCode.SyntaxError, "Syntax error: FORMAT needs the name of a format") : false;

        var format = lexer.Read(name);
        if (format.Equals("Values", StringComparison.OrdinalIgnoreCase))
            return isWhole && Whole(text, ref lexer, out statement);

        // The rows start behind blanks and one line break; what follows is data, whatever it looks like.
        var data = name.End;
        while (data < text.Length && text[data] is (byte)' ' or (byte)'\t' or (byte)'\f')
            data++;
        if (data + 1 >= text.Length && !isWhole)
            return false;
        if (data < text.Length && text[data] == ';')
            throw new EngineException(ErrorCode.SyntaxError, "You have excessive ';' symbol before data for INSERT");
        RefuseSettingsBehindFormat(text[data..], isWhole);
        if (data < text.Length && text[data] == '\r')
            data++;
        if (data < text.Length && text[data] == '\n')
            data++;

        statement = new Statement(StatementKind.InsertData, keyword.Start, format, data);
        return true;
    }

    /// <summary>A server takes them there as well; here they would be read as rows.</summary>
    static void RefuseSettingsBehindFormat(ReadOnlySpan<byte> rest, bool isWhole)
    {
        var lexer = new Lexer(rest, isWhole);
        if (lexer.Is(lexer.Next(), "SETTINGS"))
            throw new EngineException(ErrorCode.NotImplemented, "SETTINGS of an INSERT with data have to stand before FORMAT here");
    }

    static bool FromSelect(ReadOnlySpan<byte> text, ref Lexer lexer, out Statement statement)
    {
        var table = default(Token);
        for (var token = lexer.Next(); token.Kind != TokenKind.End; table = token, token = lexer.Next())
        {
            // The engine as a library has no request body to read there, and would insert nothing without a word.
            if (token.Kind == TokenKind.Open && lexer.Is(table, "input"))
                throw new EngineException(ErrorCode.NotImplemented, "INSERT … SELECT … FROM input() is not supported by this host");
            if (token.Kind == TokenKind.Semicolon)
                return Ended(token, ref lexer, out statement);
        }

        statement = new Statement(StatementKind.Other, text.Length, null, 0);
        return true;
    }

    /// <summary>VALUES goes to the engine in one piece: it would drop a second statement behind the rows without a word.</summary>
    static bool Whole(ReadOnlySpan<byte> text, ref Lexer lexer, out Statement statement)
    {
        for (var token = lexer.Next(); token.Kind != TokenKind.End; token = lexer.Next())
        {
            if (token.Kind == TokenKind.Semicolon)
                return Ended(token, ref lexer, out statement);
        }

        statement = new Statement(StatementKind.Other, text.Length, null, 0);
        return true;
    }

    static bool Ended(Token semicolon, ref Lexer lexer, out Statement statement)
    {
        StatementReader.RefuseSecondStatement(ref lexer);
        statement = new Statement(StatementKind.Other, semicolon.Start, null, 0);
        return true;
    }
}
