using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>The parameters of ClickHouse's HTTP interface that are no settings of the query.</summary>
static class InterfaceParameters
{
    static readonly HashSet<string> Own = new(StringComparer.Ordinal)
    {
        "query",
        "query_id",
        "database",
        "default_format",
        "user",
        "password",
        "role",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "wait_end_of_query",
        "enable_http_compression",
        "compress",
        "decompress",
        "log_comment",
        // These change nothing that can be seen here: sizes of buffers, a quota where there is none, a stack trace never shown.
        "buffer_size",
        "http_zlib_compression_level",
        "quota_key",
        "stacktrace",
        "client_protocol_version",
        "add_http_cors_header",
    };

    public static bool IsOwn(string name) => Own.Contains(name);

    public static bool IsTrue(string value) => value is "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="EngineException">This host does not do it: better an error than an answer that is not what was asked.</exception>
    public static void RefuseUnsupported(string name, string value)
    {
        if (name is "compress" or "decompress" && IsTrue(value))
        {
            throw new EngineException(
                ErrorCode.NotImplemented,
                $"{name}=1, ClickHouse's own block compression, is not supported by this host; HTTP's Content-Encoding is"
            );
        }

        if (name == "log_comment")
            throw new EngineException(ErrorCode.NotImplemented, "log_comment carries the query's id in this host, which cancels by it");
        if (name == "role" && value.Length > 0)
            throw new EngineException(ErrorCode.NotImplemented, "Roles are not supported by this host: it knows the user default alone");
    }
}
