using System.Collections.Concurrent;

namespace Betting.Hosting;

/// <summary>
/// Liveness: each loop says that it still turns. A dependency that is away never makes a worker dead, since a restart
/// would not help; only a loop that stopped turning does.
/// </summary>
public sealed class Heartbeats(TimeProvider clock)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<string, long> _last = new();

    /// <summary>From now on <paramref name="loop"/> has to beat.</summary>
    public void Expect(string loop) => Beat(loop);

    public void Beat(string loop) => _last[loop] = clock.GetTimestamp();

    /// <summary>
    /// Beats while a step runs whose own time limit may be longer than the liveness limit: a statement of a store's client, for example.
    /// </summary>
    public async Task WhileAsync(string loop, Task step)
    {
        using var over = new CancellationTokenSource();
        while (await Task.WhenAny(step, Task.Delay(Every, clock, over.Token)) != step)
        {
            Beat(loop);
        }
        await over.CancelAsync();
        Beat(loop);
        await step;
    }

    /// <summary>The loop has ended in order and is no longer waited for.</summary>
    public void Forget(string loop) => _last.TryRemove(loop, out _);

    /// <summary>Loops whose last beat is older than <paramref name="limit"/>, with its age.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Silent(TimeSpan limit) =>
        _last
            .Select(beat => (Loop: beat.Key, Age: clock.GetElapsedTime(beat.Value)))
            .Where(beat => beat.Age > limit)
            .ToDictionary(beat => beat.Loop, beat => beat.Age);
}
