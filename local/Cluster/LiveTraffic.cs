using Betting.Local.Load;
using Betting.Local.Load.Doors;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Cluster;

/// <summary>The generator at work on a running cluster.</summary>
public sealed class LiveTraffic : IAsyncDisposable
{
    readonly CancellationTokenSource _stopping = new();
    readonly CancellationTokenSource _givingUp = new();
    readonly List<IDoor> _doors = [];
    readonly Task _run;

    /// <param name="cluster">Where the commands go.</param>
    /// <param name="rate">Commands a second; 0: as fast as it goes.</param>
    /// <param name="shift">Tells apart several traffics of one start.</param>
    public LiveTraffic(Cluster cluster, double rate, int shift = 0)
    {
        var options = cluster.Options;
        if (options.Door != "rabbitmq")
        {
            _doors.Add(new KafkaDoor(cluster.Engines.KafkaBootstrap, Published));
        }
        if (options.Door != "kafka")
        {
            _doors.Add(new RabbitDoor(new Uri(cluster.Engines.Rabbit.Uri), Published));
        }
        var traffic = new BettingTraffic(
            new TrafficOptions
            {
                Seed = options.Seed,
                Run = (cluster.Folder.Run * 10) + shift,
                Users = options.Users,
                Events = options.Events,
            },
            TimeProvider.System.GetUtcNow
        );
        _run = Task.Run(() => new TrafficRun(traffic, _doors, rate).RunAsync(_stopping.Token, _givingUp.Token));
    }

    public Published Published { get; } = new();

    /// <summary>Faults when the traffic has failed; it does not end otherwise before it is stopped.</summary>
    public Task Failure => _run;

    /// <summary>Stops sending and waits until the brokers have confirmed every message.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _run;
    }

    /// <summary>Stops sending and waits, at most for <paramref name="limit"/>, until the brokers have confirmed every message.</summary>
    /// <returns>Null, or why not all of it was confirmed.</returns>
    public async Task<string?> StopWithinAsync(TimeSpan limit)
    {
        _givingUp.CancelAfter(limit);
        try
        {
            await StopAsync();
            return null;
        }
        catch (OperationCanceledException) when (_givingUp.IsCancellationRequested)
        {
            return $"the brokers did not confirm everything within {limit.TotalSeconds:F0} s";
        }
        // What failed is the traffic's own; the run goes on to its end and says so.
        catch (Exception failed) when (_run.IsFaulted)
        {
            return failed.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopWithinAsync(TimeSpan.Zero);
        foreach (var door in _doors)
        {
            await door.DisposeAsync();
        }
        _stopping.Dispose();
        _givingUp.Dispose();
    }
}
