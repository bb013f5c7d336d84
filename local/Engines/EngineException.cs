namespace Betting.Local.Engines;

/// <summary>An engine did not do what it was started for; the message ends with the last lines of its log.</summary>
public sealed class EngineException : Exception
{
    public EngineException(string message)
        : base(message) { }

    public EngineException(EngineProcess engine, string what)
        : base($"{engine.Name} {what}; its log, {engine.LogFile}, ends with:\n{Tail(engine.LogFile)}") { }

    static string Tail(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return string.Join('\n', reader.ReadToEnd().Split('\n').TakeLast(15));
    }
}
