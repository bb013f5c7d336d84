using Microsoft.Extensions.Logging;

namespace Betting.Connections;

/// <summary>
/// Refuses a primary that is older than one of the same cluster that is known, where one host is named. Its address may lead to a former
/// primary that was started again. Where several hosts are named, <see cref="PrimaryWatch"/> does it.
/// </summary>
/// <param name="clock">Paces lines.</param>
/// <param name="log">Is told of a primary that is refused.</param>
sealed class PrimaryHistory(TimeProvider clock, ILogger log)
{
    readonly Lock _gate = new();

    // Timelines by cluster: another one may have been restored at the same address.
    readonly Dictionary<long, int> _newest = [];
    readonly PrimaryLog _lines = new(clock, log);

    /// <summary>A session was opened and asked.</summary>
    /// <param name="server">Host and port.</param>
    /// <param name="answer">A standby, and a server that tells no timeline, are taken as well.</param>
    /// <returns>True where a newer timeline than before was seen: pooled sessions may lead to the former primary.</returns>
    /// <exception cref="OlderPrimaryException">It leads to a primary that is older than a known one.</exception>
    public bool Opened(string server, ServerAnswer answer)
    {
        int before;
        lock (_gate)
        {
            before = _newest.GetValueOrDefault(answer.System);
            _newest[answer.System] = Math.Max(before, answer.Timeline);
        }
        if (answer.Timeline > 0 && answer.Timeline < before)
        {
            _lines.Older(server, answer.Timeline, before);
            throw new OlderPrimaryException(server, answer.Timeline, before);
        }
        return before > 0 && answer.Timeline > before;
    }
}
