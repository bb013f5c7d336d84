using Betting.Local.Cluster.Proof;
using Betting.Local.Cluster.Watch;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>Starts the whole, feeds it, shows it; at the end drains it and, where asked for a time, proves it.</summary>
static class ClusterRun
{
    const int Failed = 1, CouldNotRun = 2;

    public static async Task<int> RunAsync(ClusterOptions options, CancellationToken cancellation)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        Cluster cluster;
        try
        {
            cluster = await Cluster.StartAsync(options, Console.Error.WriteLine);
        }
        catch (Exception error) when (error is EngineException or IOException or TimeoutException)
        {
            await Console.Error.WriteLineAsync("run: " + error.Message);
            return CouldNotRun;
        }
        await using (cluster)
        {
            var start = clock.GetElapsedTime(began);
            await Console.Error.WriteLineAsync($"started in {start.TotalSeconds:F1} s; data and logs in {cluster.Folder.Path}");
            var proof = new ClusterProof(cluster, TimeSpan.FromMinutes(2));
            await proof.BeginAsync();
            await using var traffic = new LiveTraffic(cluster, options.Rate);
            var trafficBegan = clock.GetTimestamp();
            var watcher = new Watcher(cluster, traffic);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (options.For is { } time)
            {
                ending.CancelAfter(time);
            }
            await Task.WhenAny(new Screen(watcher).ShowAsync(ending.Token), traffic.Failure);
            await Console.Error.WriteLineAsync("traffic stops; draining …");
            await traffic.StopAsync();
            var seconds = clock.GetElapsedTime(trafficBegan).TotalSeconds;
            var published = traffic.Published;
            var arrived = await proof.ArrivedAsync(published.Commands, published.Malformed);
            var drained = clock.GetElapsedTime(trafficBegan).TotalSeconds;
            if (options.For is null && cancellation.IsCancellationRequested)
            {
                await StopInOrderAsync(cluster, proof, arrived);
                return arrived ? 0 : Failed;
            }
            var final = await watcher.ReadAsync();
            var (reconciliation, report) = await cluster.ReconcileAsync();
            var invariants = (await proof.CheckAsync(published.Commands, published.Malformed)).ToList();
            invariants.Add(new Invariant("the Reconciler finds both sides equal", reconciliation == 0, report.Trim().Split('\n')[^1]));
            var summary = new Summary(start, seconds, drained, published, final, invariants, Memory.Of(cluster), cluster.Workers.Sum(worker => worker.Restarts));
            Console.WriteLine(summary.Text());
            if (options.Json is { } file)
            {
                await File.WriteAllTextAsync(file, summary.Json(), CancellationToken.None);
            }
            if (summary.Holds)
            {
                cluster.Folder.MarkStoppedInOrder();
            }
            return summary.Holds ? 0 : Failed;
        }
    }

    // The local broker forgets: only when ClickHouse and Redis have everything may the next start go on from here.
    static async Task StopInOrderAsync(Cluster cluster, ClusterProof proof, bool arrived)
    {
        if (arrived && await proof.StoresAgreeAsync())
        {
            cluster.Folder.MarkStoppedInOrder();
            await Console.Error.WriteLineAsync("everything published has arrived everywhere");
        }
        else
        {
            await Console.Error.WriteLineAsync("not everything has arrived; the next start takes a new snapshot");
        }
    }
}
