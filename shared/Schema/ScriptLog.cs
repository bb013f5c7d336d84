using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;

namespace Betting.Schema;

/// <summary>
/// What DbUp tells while it applies scripts. A failure comes back as the result of the upgrade, so here it is logged at Debug.
/// </summary>
sealed class ScriptLog(ILogger log) : IUpgradeLog
{
    public void LogTrace(string format, params object[] args) => Log(LogLevel.Trace, null, format, args);

    public void LogDebug(string format, params object[] args) => Log(LogLevel.Debug, null, format, args);

    public void LogInformation(string format, params object[] args) => Log(LogLevel.Information, null, format, args);

    public void LogWarning(string format, params object[] args) => Log(LogLevel.Warning, null, format, args);

    public void LogError(string format, params object[] args) => Log(LogLevel.Debug, null, format, args);

    public void LogError(Exception ex, string format, params object[] args) => Log(LogLevel.Debug, ex, format, args);

    // DbUp's formats are those of string.Format; without arguments the text is final, and may have braces of SQL in it.
    void Log(LogLevel level, Exception? failure, string format, object[] args) =>
        log.Log(
            level,
            default,
            args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args),
            failure,
            static (text, _) => text
        );
}
