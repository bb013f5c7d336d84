using System.Globalization;
using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Http;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>What a request asks for beside its statement and its data.</summary>
sealed record QueryRequest
{
    const int MaxSessionSeconds = 3600;
    const string ParameterPrefix = "param_";

    public required string QueryId { get; init; }

    /// <summary>The statement, or its beginning, in the URL; empty when the body has it all.</summary>
    public required string UrlStatement { get; init; }

    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>Everything in the URL that is not the interface's own is a setting, as with ClickHouse.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; }

    public required string Database { get; init; }

    public required string DefaultFormat { get; init; }

    /// <summary>Empty for a query of its own.</summary>
    public required string SessionId { get; init; }

    public required TimeSpan SessionTimeout { get; init; }

    /// <summary>The session has to be there already.</summary>
    public required bool SessionCheck { get; init; }

    /// <summary>The session ends with this query.</summary>
    public required bool CloseSession { get; init; }

    /// <summary>Nothing is sent before the query is through, so that the status tells how it ended.</summary>
    public required bool WaitEndOfQuery { get; init; }

    public required bool CompressResponse { get; init; }

    /// <summary>True for a GET: it may read, and change settings.</summary>
    public required bool IsReadOnly { get; init; }

    /// <exception cref="EngineException">A value is malformed, or asks for something this host does not do.</exception>
    public static QueryRequest Read(HttpRequest request)
    {
        HttpLimits.CheckUrl(request.QueryString.Value ?? "");
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        var settings = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in request.Query)
        {
            var value = values.Count == 0 ? "" : values[^1] ?? "";
            if (name.StartsWith(ParameterPrefix, StringComparison.Ordinal))
                parameters[name[ParameterPrefix.Length..]] = value;
            else if (!InterfaceParameters.IsOwn(name))
                settings.Add(new KeyValuePair<string, string>(name, value));
            else
                InterfaceParameters.RefuseUnsupported(name, value);
        }

        Credentials.Check(request);
        return new QueryRequest
        {
            QueryId = Either(request, "query_id", "X-ClickHouse-Query-Id") is { Length: > 0 } id ? id : Guid.NewGuid().ToString(),
            UrlStatement = Text(request, "query"),
            Parameters = parameters,
            Settings = settings,
            Database = Either(request, "database", "X-ClickHouse-Database"),
            DefaultFormat = Either(request, "default_format", "X-ClickHouse-Format") is { Length: > 0 } format ? format : "TabSeparated",
            SessionId = Text(request, "session_id"),
            SessionTimeout = ReadSessionTimeout(request),
            SessionCheck = Flag(request, "session_check"),
            CloseSession = Flag(request, "close_session"),
            WaitEndOfQuery = Flag(request, "wait_end_of_query"),
            CompressResponse = Flag(request, "enable_http_compression"),
            IsReadOnly = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method),
        };
    }

    static TimeSpan ReadSessionTimeout(HttpRequest request)
    {
        var text = Text(request, "session_timeout");
        if (text.Length == 0)
            return TimeSpan.FromSeconds(60);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MaxSessionSeconds)
            return TimeSpan.FromSeconds(seconds);
        throw new EngineException(
            ErrorCode.InvalidSessionTimeout,
            $"Invalid session timeout: '{text}', at most {MaxSessionSeconds} seconds"
        );
    }

    static string Either(HttpRequest request, string parameter, string header) =>
        Text(request, parameter) is { Length: > 0 } text ? text : request.Headers[header].ToString();

    static string Text(HttpRequest request, string parameter) => request.Query[parameter] is { Count: > 0 } values ? values[^1] ?? "" : "";

    static bool Flag(HttpRequest request, string parameter) => InterfaceParameters.IsTrue(Text(request, parameter));
}
