using Microsoft.Extensions.Logging;

namespace Betting.Connections;

/// <summary>
/// Lines about primaries. One that is refused is told at most once a minute, whatever number of looks and sessions meets it.
/// </summary>
sealed partial class PrimaryLog(TimeProvider clock, ILogger log)
{
    static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    long? _older,
        _foreign;

    /// <param name="choice">What was decided.</param>
    /// <param name="former">The host in use before.</param>
    /// <param name="name">Of a host.</param>
    /// <param name="timeline">Of a host.</param>
    public void Report(PrimaryChoice choice, int? former, Func<int, string> name, Func<int, int> timeline)
    {
        foreach (var host in choice.Older)
        {
            Older(name(host), timeline(host), choice.Known.Timeline);
        }
        foreach (var host in choice.Foreign.Where(_ => IsDue(ref _foreign)))
        {
            TellForeign(log, name(host), choice.Known.System);
        }
        if (choice.Host is { } used && used != former)
        {
            TellUsed(log, name(used), timeline(used));
        }
    }

    /// <summary>A primary of an older timeline.</summary>
    public void Older(string server, int timeline, int newest)
    {
        if (IsDue(ref _older))
        {
            TellOlder(log, server, timeline, newest);
        }
    }

    bool IsDue(ref long? said)
    {
        lock (_gate)
        {
            if (said is { } last && clock.GetElapsedTime(last) < SayEvery)
            {
                return false;
            }
            said = clock.GetTimestamp();
            return true;
        }
    }

    [LoggerMessage(
        25,
        LogLevel.Error,
        "PostgreSQL at {Server} says that it is the primary, on timeline {Timeline}, and timeline {Newest} is known: "
            + "a former primary was started again. Nothing is told to it; end it, or make it a standby"
    )]
    static partial void TellOlder(ILogger log, string server, int timeline, int newest);

    [LoggerMessage(
        26,
        LogLevel.Error,
        "PostgreSQL at {Server} is the primary of another cluster than the one that this worker follows (system identifier {System}). "
            + "Nothing is told to it; take it out of Host, or restart the worker if it is the right one now"
    )]
    static partial void TellForeign(ILogger log, string server, long system);

    [LoggerMessage(27, LogLevel.Information, "PostgreSQL at {Server} gets this worker's sessions from now on (timeline {Timeline})")]
    static partial void TellUsed(ILogger log, string server, int timeline);
}
