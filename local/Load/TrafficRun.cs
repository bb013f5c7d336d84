using Betting.Local.Load.Doors;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Load;

/// <summary>
/// Sends traffic through its doors at a steady rate until told to stop; then sends what was held back and waits for confirmations.
/// </summary>
public sealed class TrafficRun(BettingTraffic traffic, IReadOnlyList<IDoor> doors, double rate)
{
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <param name="stopping">Ends the traffic; everything handed over before is still confirmed.</param>
    /// <param name="giveUp">Ends the wait for confirmations.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken giveUp)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var sent = 0L;
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var due = rate > 0 ? (long)(clock.GetElapsedTime(start).TotalSeconds * rate) : sent + 1_000;
                for (; sent < due && !stopping.IsCancellationRequested; sent++)
                {
                    await PublishAsync(traffic.Next(), giveUp);
                }
                if (rate > 0)
                {
                    await Task.Delay(Tick, clock, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !giveUp.IsCancellationRequested) { }
        foreach (var message in traffic.Rest())
        {
            await PublishAsync(message, giveUp);
        }
        foreach (var door in doors)
        {
            await door.FlushAsync(giveUp);
        }
    }

    // A user keeps to one door, as a publisher would; a command that comes twice may come through the other one.
    ValueTask PublishAsync(TrafficMessage message, CancellationToken cancellation)
    {
        var door = message.Key + (message.Nature == MessageNature.Duplicate ? 1 : 0);
        return doors[(int)(door % doors.Count)].PublishAsync(message, cancellation);
    }
}
