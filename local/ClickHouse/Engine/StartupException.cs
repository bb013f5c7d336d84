namespace Betting.Local.ClickHouse.Engine;

/// <summary>The host cannot start; the message is one line for whoever started it.</summary>
sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);
