using Betting.Local.Cluster.Watch;

namespace Betting.Local.Cluster;

/// <summary><c>./run --engines</c>: engines for other programs to use, until Ctrl-C.</summary>
static class EnginesOnly
{
    public static async Task<int> RunAsync(ClusterOptions options, CancellationToken cancellation)
    {
        await using var cluster = await Cluster.StartEnginesAsync(options, Console.Error.WriteLine, cancellation);
        await TopicSet.CreateAsync(cluster.Engines);
        foreach (var (name, value) in cluster.Engines.Addresses)
        {
            Console.WriteLine($"{name}={value}");
        }
        foreach (var line in MemberList.Lines(cluster.Members(), cluster.Logs))
        {
            await Console.Error.WriteLineAsync(line);
        }
        await Console.Error.WriteLineAsync("Ctrl-C stops them");
        if (await Task.WhenAny(cancellation.AsTask(), cluster.Lost) == cluster.Lost)
        {
            await Console.Error.WriteLineAsync($"run: {await cluster.Lost}");
            return ClusterCommand.Failed;
        }
        return 0;
    }
}
