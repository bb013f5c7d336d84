using System.Text;
using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Http;

/// <summary>
/// What a server limits before the engine sees a request, with the server's default values and its answer: 1000 POCO_EXCEPTION
/// (ClickHouse's <c>src/Server/HTTP/HTMLForm.cpp</c>). Everything else that a server limits by default the engine limits itself.
/// </summary>
static class HttpLimits
{
    /// <summary><c>http_max_fields</c>: of a URL, and of a form.</summary>
    public const int Fields = 1_000;

    /// <summary><c>http_max_field_name_size</c>, in bytes.</summary>
    public const int FieldName = 4_096;

    /// <summary><c>http_max_field_value_size</c>, in bytes: of a parameter, a setting, and a statement in a URL or a form.</summary>
    public const int FieldValue = 131_072;

    /// <summary>Checks a URL's parameters as a server does: before they are decoded.</summary>
    /// <exception cref="EngineException">A limit is exceeded.</exception>
    public static void CheckUrl(string query)
    {
        var count = 0;
        foreach (var field in query.TrimStart('?').Split('&'))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            CheckCount(count++);
            CheckName(equals < 0 ? field : field[..equals]);
            if (equals >= 0 && Encoding.UTF8.GetByteCount(field) - equals - 1 > FieldValue)
                throw EngineException.OfForm("Field value too long");
        }
    }

    /// <param name="before">Fields that were read before this one.</param>
    /// <exception cref="EngineException">There are too many.</exception>
    public static void CheckCount(int before)
    {
        if (before == Fields)
            throw EngineException.OfForm("Too many form fields");
    }

    /// <exception cref="EngineException">The name is too long.</exception>
    public static void CheckName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > FieldName)
            throw EngineException.OfForm("Field name too long");
    }

    /// <summary>A form field's value as text.</summary>
    /// <exception cref="EngineException">It is too long.</exception>
    public static async Task<string> ReadValueAsync(Stream value, CancellationToken cancellation)
    {
        var bytes = new byte[FieldValue + 1];
        var length = await value.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        return length <= FieldValue ? Encoding.UTF8.GetString(bytes, 0, length) : throw EngineException.OfForm("Field value too long");
    }
}
