namespace Betting.Local.ClickHouse;

/// <summary>What the host says on standard error. Statements and parameters are data and stay out of it.</summary>
static partial class ServerLog
{
    [LoggerMessage(
        1,
        LogLevel.Information,
        "ClickHouse {Version} as a library (a stand-in host for one machine) serves {Path}, up after {Milliseconds} ms"
    )]
    public static partial void Started(ILogger logger, string version, string path, long milliseconds);

    [LoggerMessage(2, LogLevel.Information, "Stopped in order")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(3, LogLevel.Debug, "Query {QueryId} failed with {Code}")]
    public static partial void QueryFailed(ILogger logger, string queryId, Engine.ErrorCode code);

    [LoggerMessage(4, LogLevel.Information, "Query {QueryId}: the client went away")]
    public static partial void ClientGone(ILogger logger, string queryId);

    [LoggerMessage(5, LogLevel.Error, "Query {QueryId} failed in this host")]
    public static partial void HostFailed(ILogger logger, Exception error, string queryId);

    [LoggerMessage(6, LogLevel.Warning, "Queries did not end within {Seconds} s and are cancelled")]
    public static partial void CancellingAll(ILogger logger, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "Query {QueryId} could not be cancelled")]
    public static partial void CancelFailed(ILogger logger, Exception error, string queryId);
}
