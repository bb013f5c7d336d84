using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Tells which store does not answer the questions behind the lag: at the first failure and then once a minute, and once when it answers
/// again. For one thread.
/// </summary>
sealed class LagTrouble(TimeProvider clock, ILogger log)
{
    static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    readonly Dictionary<string, (long Since, long Told)> _failing = [];

    public void Failed(string store, string code)
    {
        var now = clock.GetTimestamp();
        var isKnown = _failing.TryGetValue(store, out var failing);
        if (isKnown && clock.GetElapsedTime(failing.Told) < TellEvery)
        {
            return;
        }
        _failing[store] = (isKnown ? failing.Since : now, now);
        CdcSinkLog.LagUnknown(log, store, code, isKnown ? clock.GetElapsedTime(failing.Since).TotalSeconds : 0);
    }

    public void Answered(string store)
    {
        if (_failing.Remove(store, out var failing))
        {
            CdcSinkLog.LagKnown(log, store, clock.GetElapsedTime(failing.Since).TotalSeconds);
        }
    }
}
