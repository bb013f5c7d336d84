using System.Globalization;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>An error with one of ClickHouse's codes: raised by the engine, or by this host in the engine's form.</summary>
sealed class EngineException : Exception
{
    const string Prefix = "Code: ";

    public EngineException(ErrorCode code, string message, Exception? inner = null)
        : this($"{Prefix}{(int)code}. DB::Exception: {message} ({NameOf(code)})", code, inner) { }

    EngineException(string text, ErrorCode code, Exception? inner)
        : base(text, inner) => Code = code;

    public ErrorCode Code { get; }

    /// <summary>What a server answers to a URL or a form that exceeds a limit of its HTTP interface.</summary>
    public static EngineException OfForm(string what) =>
        new(
            $"Poco::Exception. Code: {(int)ErrorCode.PocoException}, e.code() = 0, HTML Form Exception: {what}",
            ErrorCode.PocoException,
            null
        );

    /// <summary>
    /// The error that the engine reported. Its C interface gives text only; the code leads that text as on the wire of
    /// ClickHouse's own HTTP interface (<c>Code: 60. DB::Exception: …</c>). Text without one is UNKNOWN_EXCEPTION.
    /// </summary>
    public static EngineException FromEngine(string text)
    {
        var code = ErrorCode.UnknownException;
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            var digits = text.AsSpan(Prefix.Length);
            var end = digits.IndexOf('.');
            if (end > 0 && int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                code = (ErrorCode)number;
        }

        return new EngineException(text, code, null);
    }

    /// <summary>UNKNOWN_TABLE out of UnknownTable: the names differ by their case alone.</summary>
    static string NameOf(ErrorCode code) =>
        string.Concat(
            code.ToString()
                .Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : char.ToUpperInvariant(letter).ToString())
        );
}
