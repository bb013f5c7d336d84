using Microsoft.Extensions.Logging;

namespace Betting.Hosting;

/// <summary>
/// Tells of a server's settings that break a promise of the worker: each once when it is seen, and once when all are right again.
/// Readiness says so as long, by the condition <c>STORE-settings</c>. For one thread.
/// </summary>
/// <param name="store">The store's name, for example <c>PostgreSQL</c>.</param>
/// <param name="condition">The condition's name in readiness.</param>
/// <param name="readiness">Told.</param>
/// <param name="log">Told.</param>
public sealed class SettingWatch(string store, string condition, Readiness readiness, ILogger log)
{
    readonly HashSet<string> _told = new(StringComparer.Ordinal);
    string? _notSeen;

    /// <param name="broken">One line for each setting that breaks a promise; empty where none does.</param>
    public void Saw(IReadOnlyCollection<string> broken)
    {
        readiness.Set(condition, broken.Count == 0, string.Join("; ", broken));
        foreach (var line in broken.Where(_told.Add))
        {
            WorkerLog.SettingBreaksPromise(log, store, line);
        }
        if (broken.Count == 0 && _told.Count > 0)
        {
            _told.Clear();
            WorkerLog.SettingsRight(log, store);
        }
    }

    /// <param name="reason">Why the server does not show some of its settings; null where it shows all. Each reason is told once.</param>
    public void DidNotSee(string? reason)
    {
        if (reason is not null && reason != _notSeen)
        {
            WorkerLog.SettingsNotSeen(log, store, reason);
        }
        _notSeen = reason;
    }
}
