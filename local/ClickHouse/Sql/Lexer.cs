using System.Text;

namespace Betting.Local.ClickHouse.Sql;

/// <summary>
/// Cuts SQL into tokens by the rules of ClickHouse's own lexer (<c>src/Parsers/Lexer.cpp</c>): comments <c>--</c>, <c># </c>,
/// <c>#!</c> and nested <c>/* */</c>; quotes with backslash escapes; heredocs <c>$tag$ … $tag$</c>; typographic quotes.
/// </summary>
/// <param name="text">UTF-8.</param>
/// <param name="isWhole">Whether the text ends here. If not, a token that reaches its end may go on.</param>
ref struct Lexer(ReadOnlySpan<byte> text, bool isWhole)
{
    readonly ReadOnlySpan<byte> _text = text;
    readonly bool _isWhole = isWhole;
    int _position;

    /// <summary>The next token; comments and white space are passed over.</summary>
    public Token Next()
    {
        var start = SkipToToken();
        if (start >= _text.Length)
            return new Token(TokenKind.End, _text.Length, _text.Length);

        var (kind, end) = Measure(start);
        if (end > _text.Length || (end == _text.Length && !_isWhole && kind == TokenKind.Word))
        {
            _position = _text.Length;
            // Unterminated: the rest is one token when the text is whole (the engine then reports what is wrong with it).
            return _isWhole ? new Token(kind, start, _text.Length) : new Token(TokenKind.End, _text.Length, _text.Length);
        }

        _position = end;
        return new Token(kind, start, end);
    }

    readonly (TokenKind Kind, int End) Measure(int start) =>
        _text[start] switch
        {
            (byte)'(' or (byte)'[' or (byte)'{' => (TokenKind.Open, start + 1),
            (byte)')' or (byte)']' or (byte)'}' => (TokenKind.Close, start + 1),
            (byte)',' => (TokenKind.Comma, start + 1),
            (byte)'.' => (TokenKind.Dot, start + 1),
            (byte)';' => (TokenKind.Semicolon, start + 1),
            (byte)'\'' => (TokenKind.Text, EndOfQuoted(start)),
            (byte)'"' or (byte)'`' => (TokenKind.QuotedName, EndOfQuoted(start)),
            (byte)'$' => Heredoc(start),
            0xE2 => Typographic(start),
            var letter when IsWordByte(letter) => (TokenKind.Word, EndOfWord(start)),
            _ => (TokenKind.Symbol, start + 1),
        };

    int SkipToToken()
    {
        while (_position < _text.Length)
        {
            var rest = _text[_position..];
            if (rest[0] <= ' ')
                _position++;
            else if (rest.StartsWith("--"u8) || rest.StartsWith("# "u8) || rest.StartsWith("#!"u8))
                _position = After(rest.IndexOf((byte)'\n'), 1);
            else if (rest.StartsWith("/*"u8))
                _position = EndOfComment(_position);
            else
                return !_isWhole && rest.Length == 1 && rest[0] is (byte)'-' or (byte)'/' or (byte)'#' ? _text.Length : _position;
        }

        return _text.Length;
    }

    readonly int After(int found, int length) => found < 0 ? _text.Length : _position + found + length;

    /// <summary>Comments of this kind nest. One that is not closed takes the rest.</summary>
    readonly int EndOfComment(int start)
    {
        var depth = 0;
        for (var index = start; index + 1 < _text.Length; index++)
        {
            if (_text[index] == '/' && _text[index + 1] == '*')
            {
                depth++;
                index++;
            }
            else if (_text[index] == '*' && _text[index + 1] == '/')
            {
                index++;
                if (--depth == 0)
                    return index + 1;
            }
        }

        return _text.Length;
    }

    /// <summary>
    /// One past the closing quote; beyond the text when there is none. A doubled quote reads as two strings side by side.
    /// </summary>
    readonly int EndOfQuoted(int start)
    {
        for (var index = start + 1; index < _text.Length; index++)
        {
            if (_text[index] == '\\')
                index++;
            else if (_text[index] == _text[start])
                return index + 1;
        }

        return _text.Length + 1;
    }

    readonly int EndOfWord(int start)
    {
        var end = start;
        while (end < _text.Length && (IsWordByte(_text[end]) || _text[end] == '$'))
            end++;
        return end;
    }

    readonly (TokenKind Kind, int End) Heredoc(int start)
    {
        var tagEnd = start + 1;
        while (tagEnd < _text.Length && IsWordByte(_text[tagEnd]))
            tagEnd++;
        if (tagEnd >= _text.Length)
            return (TokenKind.Symbol, _isWhole ? start + 1 : _text.Length + 1);
        if (_text[tagEnd] != '$')
            return (TokenKind.Symbol, start + 1);

        var tag = _text[start..(tagEnd + 1)];
        var close = _text[(tagEnd + 1)..].IndexOf(tag);
        if (close >= 0)
            return (TokenKind.Text, tagEnd + 1 + close + tag.Length);
        return (TokenKind.Symbol, _isWhole ? start + 1 : _text.Length + 1);
    }

    /// <summary>‘text’ and “name”.</summary>
    readonly (TokenKind Kind, int End) Typographic(int start)
    {
        var rest = _text[start..];
        if (rest.StartsWith("‘"u8))
            return (TokenKind.Text, EndOfTypographic(start, "’"u8));
        return rest.StartsWith("“"u8) ? (TokenKind.QuotedName, EndOfTypographic(start, "”"u8)) : (TokenKind.Symbol, start + 1);
    }

    readonly int EndOfTypographic(int start, ReadOnlySpan<byte> closing)
    {
        var found = _text[start..].IndexOf(closing);
        return found < 0 ? _text.Length + 1 : start + found + closing.Length;
    }

    static bool IsWordByte(byte value) => char.IsAsciiLetterOrDigit((char)value) || value == '_';

    /// <summary>Whether a token is this keyword.</summary>
    public readonly bool Is(Token token, string keyword) =>
        token.Kind == TokenKind.Word && Ascii.EqualsIgnoreCase(_text[token.Start..token.End], keyword);

    /// <summary>A token's text.</summary>
    public readonly string Read(Token token) => Encoding.UTF8.GetString(_text[token.Start..token.End]);
}
