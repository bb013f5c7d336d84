using Betting.Local.Load;
using Betting.Local.Load.Doors;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Cluster;

/// <summary>The generator at work on a running cluster.</summary>
public sealed class LiveTraffic : IAsyncDisposable
{
    readonly CancellationTokenSource _stopping = new();
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
            new TrafficOptions { Seed = options.Seed, Run = (cluster.Folder.Run * 10) + shift, Users = options.Users, Events = options.Events },
            TimeProvider.System.GetUtcNow);
        _run = Task.Run(() => new TrafficRun(traffic, _doors, rate).RunAsync(_stopping.Token, CancellationToken.None));
    }

    public Published Published { get; } = new();

    /// <summary>Ends when the traffic has failed; until then it never does.</summary>
    public Task Failure => _run;

    /// <summary>Stops sending and waits until the brokers have confirmed every message.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var door in _doors)
        {
            await door.DisposeAsync();
        }
        _stopping.Dispose();
    }
}
