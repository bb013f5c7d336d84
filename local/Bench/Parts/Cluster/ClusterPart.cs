using System.Globalization;
using System.Text.Json;
using Betting.Local.Bench.Figures;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.Cluster;

/// <summary>The whole pipeline: each figure comes from a run of the cluster that ends with all its invariants checked.</summary>
sealed class ClusterPart : IBenchPart
{
    const double SteadyRate = 500;

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public string Name => "cluster";

    public string About => "the whole pipeline, from the published command to ClickHouse";

    public async Task MeasureAsync(BenchRun run, CancellationToken cancellation)
    {
        var rows = new (string Name, string Door, double Rate, string Unit, Func<JsonElement, double> Read)[]
        {
            ("Kafka door, as fast as it goes", "kafka", 0, "commands/s", Throughput),
            ("RabbitMQ door, as fast as it goes", "rabbitmq", 0, "commands/s", Throughput),
            ("commit to visible in ClickHouse at 500/s, p50", "both", SteadyRate, "s", page =>
                page.GetProperty("freshnessSeconds").GetProperty("p50").GetDouble()
            ),
            ("commit to visible in ClickHouse at 500/s, p95", "both", SteadyRate, "s", page =>
                page.GetProperty("freshnessSeconds").GetProperty("p95").GetDouble()
            ),
            ("start on an empty folder", "both", SteadyRate, "s", page => page.GetProperty("startSeconds").GetDouble()),
        };
        var chosen = rows.Where(row => run.Wants(row.Name)).ToArray();
        var values = chosen.Select(_ => new List<double>()).ToArray();
        for (var repetition = 1; repetition <= run.Repetitions; repetition++)
        {
            foreach (var (door, rate) in chosen.Select(row => (row.Door, row.Rate)).Distinct())
            {
                run.Say(
                    $"cluster: {door}, {(rate == 0 ? "as fast as it goes" : $"{rate} commands/s")}, repetition {repetition} of "
                        + $"{run.Repetitions}"
                );
                var page = await RunAsync(run, door, rate, repetition, cancellation);
                for (var i = 0; i < chosen.Length; i++)
                {
                    if ((chosen[i].Door, chosen[i].Rate) == (door, rate))
                    {
                        values[i].Add(chosen[i].Read(page));
                    }
                }
            }
        }
        for (var i = 0; i < chosen.Length; i++)
        {
            run.Add(new Figure(Name, chosen[i].Name, new Samples(values[i]), chosen[i].Unit));
        }
    }

    static double Throughput(JsonElement page) => page.GetProperty("commandsPerSecond").GetDouble();

    static async Task<JsonElement> RunAsync(BenchRun run, string door, double rate, int repetition, CancellationToken cancellation)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"cluster-{door}-{repetition}");
        var (folder, summary) = (Path.Combine(run.Folder, name), Path.Combine(run.Folder, name + ".json"));
        var launch = Installed.Own(
            "local/Cluster",
            "Cluster",
            "--for",
            run.Quick ? "6" : "20",
            "--rate",
            rate.ToString(CultureInfo.InvariantCulture),
            "--door",
            door,
            "--data",
            folder,
            "--json",
            summary
        );
        await using var cluster = EngineProcess.Start(name, launch, Path.Combine(run.Folder, "logs", name + ".log"));
        // Its engines are its own: it has to end by itself, or they would stay.
        await using var asked = cancellation.Register(() => cluster.Send(Signal.Terminate));
        if (!await cluster.ExitedWithinAsync(Limit) || cluster.ExitCode != 0)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new EngineException(cluster, "failed");
        }
        Directory.Delete(folder, recursive: true);
        return JsonDocument.Parse(await File.ReadAllBytesAsync(summary, cancellation)).RootElement;
    }
}
