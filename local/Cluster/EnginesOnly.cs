namespace Betting.Local.Cluster;

/// <summary><c>./run --engines</c>: engines for other programs to use, until Ctrl-C.</summary>
static class EnginesOnly
{
    public static async Task<int> RunAsync(ClusterOptions options, CancellationToken cancellation)
    {
        await using var cluster = await Cluster.StartEnginesAsync(options, Console.Error.WriteLine);
        await TopicSet.CreateAsync(cluster.Engines);
        foreach (var (name, value) in cluster.Engines.Addresses)
        {
            Console.WriteLine($"{name}={value}");
        }
        await Console.Error.WriteLineAsync("Ctrl-C stops them");
        await cancellation.AsTask();
        return 0;
    }
}
