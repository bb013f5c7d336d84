using Betting.Local.Cluster.Proof;
using Betting.Local.Cluster.Watch;

namespace Betting.Local.Cluster;

/// <summary>Starts the whole, feeds it, shows it; at the end drains it and, where asked for a time, proves it.</summary>
static class ClusterRun
{
    /// <summary>After Ctrl-C: how long the brokers may take to confirm, and then the workers to apply, what is under way.</summary>
    static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(ClusterOptions options, CancellationToken cancellation)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        await using var cluster = await Cluster.StartAsync(options, Console.Error.WriteLine, cancellation);
        var start = clock.GetElapsedTime(began);
        await Console.Error.WriteLineAsync($"started in {start.TotalSeconds:F1} s; data and logs in {cluster.Folder.Path}");
        foreach (var line in MemberList.Lines(cluster.Members(), cluster.Logs))
        {
            await Console.Error.WriteLineAsync(line);
        }
        var proof = new ClusterProof(cluster, TimeSpan.FromMinutes(2));
        await proof.BeginAsync();
        await using var traffic = new LiveTraffic(cluster, options.Rate);
        var trafficBegan = clock.GetTimestamp();
        var watcher = new Watcher(cluster, traffic);

        var broken = await ShowAsync(cluster, traffic, watcher, options.For, cancellation);
        await Console.Error.WriteLineAsync("traffic stops; draining …");
        broken ??= await traffic.StopWithinAsync(options.For is null ? DrainLimit : ClusterProof.Arrival);
        if (broken is not null)
        {
            await Console.Error.WriteLineAsync($"run: {broken}; the next start takes a new snapshot");
            return ClusterCommand.Failed;
        }
        var seconds = clock.GetElapsedTime(trafficBegan).TotalSeconds;
        var published = traffic.Published;
        var arrived = await proof.ArrivedAsync(published.Commands, published.Malformed, options.For is null ? DrainLimit : null);
        var drained = clock.GetElapsedTime(trafficBegan).TotalSeconds;
        if (options.For is null && cancellation.IsCancellationRequested)
        {
            return await StopInOrderAsync(cluster, proof, arrived) ? 0 : ClusterCommand.Failed;
        }
        // The workers' own counters begin anew with each restart.
        var final = await watcher.ReadAsync() with { Outcomes = await DeliveryProof.OutcomesAsync(cluster.Postgres) };
        var (reconciliation, report) = await cluster.ReconcileAsync();
        var invariants = (await proof.CheckAsync(published.Commands, published.Malformed)).ToList();
        invariants.Add(new Invariant("the Reconciler finds both sides equal", reconciliation == 0, report.Trim().Split('\n')[^1]));
        var summary = new Summary(
            start,
            seconds,
            drained,
            published,
            final,
            invariants,
            Memory.Of(cluster),
            cluster.Workers.Sum(worker => worker.Restarts)
        );
        Console.WriteLine(summary.Text());
        if (options.Json is { } file)
        {
            await File.WriteAllTextAsync(file, summary.Json(), CancellationToken.None);
        }
        if (summary.Holds)
        {
            cluster.Folder.MarkStoppedInOrder();
        }
        return summary.Holds ? 0 : ClusterCommand.Failed;
    }

    /// <summary>Shows what happens until the time is up, Ctrl-C, or something ends that cannot go on.</summary>
    /// <returns>Null, or why it cannot go on.</returns>
    static async Task<string?> ShowAsync(
        Cluster cluster,
        LiveTraffic traffic,
        Watcher watcher,
        TimeSpan? time,
        CancellationToken cancellation
    )
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (time is { } limit)
        {
            ending.CancelAfter(limit);
        }
        var screen = new Screen(watcher).ShowAsync(ending.Token);
        await Task.WhenAny(screen, traffic.Failure, cluster.Lost);
        var broken =
            cluster.Lost.IsCompleted ? await cluster.Lost
            : traffic.Failure.IsFaulted ? "the traffic failed: " + traffic.Failure.Exception!.GetBaseException().Message
            : null;
        await ending.CancelAsync();
        await screen;
        return broken;
    }

    /// <summary>
    /// Says, and marks in the folder, whether everything has arrived. The local broker forgets: only when ClickHouse and Redis have
    /// everything, also users and events that no bet names, may the next start go on from here.
    /// </summary>
    /// <param name="cluster">What stops.</param>
    /// <param name="proof">Compares its stores.</param>
    /// <param name="arrived">Whether every message that was published has its outcome.</param>
    /// <returns>False where something has not arrived.</returns>
    internal static async Task<bool> StopInOrderAsync(Cluster cluster, ClusterProof proof, bool arrived)
    {
        var isWhole = arrived && await proof.StoresAgreeAsync();
        if (isWhole)
        {
            cluster.Folder.MarkStoppedInOrder();
        }
        await Console.Error.WriteLineAsync(
            isWhole ? "everything published has arrived everywhere" : "not everything has arrived; the next start takes a new snapshot"
        );
        return isWhole;
    }
}
