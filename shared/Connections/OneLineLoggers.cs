using Microsoft.Extensions.Logging;

namespace Betting.Connections;

/// <summary>
/// Loggers for a client that also throws what it logs: whoever called it decides what a failure means. So an exception is logged as its
/// message, without a stack trace, and at Warning at most.
/// </summary>
sealed class OneLineLoggers(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new OneLineLogger(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    // The host disposes of the loggers behind it.
    public void Dispose() { }

    sealed class OneLineLogger(ILogger log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(AtMostWarning(logLevel));

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (exception is null)
            {
                log.Log(AtMostWarning(logLevel), eventId, state, null, formatter);
                return;
            }
            var line = $"{formatter(state, exception)}: {exception.Message}".ReplaceLineEndings(" ");
            log.Log(AtMostWarning(logLevel), eventId, line, null, static (text, _) => text);
        }

        static LogLevel AtMostWarning(LogLevel level) => level is LogLevel.Error or LogLevel.Critical ? LogLevel.Warning : level;
    }
}
