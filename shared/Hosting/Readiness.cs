using System.Collections.Concurrent;

namespace Betting.Hosting;

/// <summary>
/// Readiness: what the worker waits for, by name (<c>postgres</c>, <c>kafka</c>, <c>assignment</c> …). It is ready when
/// everything declared is there, and started once it has been ready for the first time.
/// </summary>
public sealed class Readiness
{
    readonly ConcurrentDictionary<string, State> _states = new();
    volatile bool _started;

    /// <summary>One condition: whether it holds and, if not, why in a few words that carry no secret.</summary>
    public readonly record struct State(bool Ready, string Detail);

    /// <summary>Declares a condition that does not hold yet.</summary>
    public void Require(string name) => _states.TryAdd(name, new State(false, "not reached yet"));

    public void Set(string name, bool ready, string detail = "")
    {
        _states[name] = new State(ready, ready ? "ok" : detail);
        if (!_started && IsReady)
        {
            _started = true;
        }
    }

    public bool IsReady => _states.Values.All(state => state.Ready);

    public bool HasStarted => _started || _states.IsEmpty;

    public IReadOnlyDictionary<string, State> States => _states;
}
