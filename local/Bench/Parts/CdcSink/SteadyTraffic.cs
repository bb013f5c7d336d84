using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>Sends records at a steady rate, whether or not anybody keeps up.</summary>
sealed class SteadyTraffic(TopicFeed feed, Func<MadeRecord> next, double rate, TimeProvider clock)
{
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    /// <summary>Sends until the time is over or <paramref name="enough"/> says so.</summary>
    /// <returns>How many were sent.</returns>
    public async Task<long> SendAsync(TimeSpan time, Func<bool> enough, CancellationToken cancellation)
    {
        var (started, sent) = (clock.GetTimestamp(), 0L);
        while (clock.GetElapsedTime(started) is var elapsed && elapsed < time && !enough())
        {
            for (var due = (long)(elapsed.TotalSeconds * rate); sent < due; sent++)
            {
                feed.Send(StreamMessage.Of(next()));
            }
            await Task.Delay(Tick, clock, cancellation);
        }
        feed.Flush();
        return sent;
    }
}
