using System.Globalization;
using System.Text.Json;
using Betting.Local.Engines;

namespace Betting.Local.Cluster.Proof;

/// <summary>Messages that Ingest put aside, in queue, topic and PostgreSQL's table, as its own verb lists them.</summary>
static class DeadLetterList
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Their bodies, each once: a worker that is killed between putting aside and acknowledging leaves copies. Each malformed message
    /// of the traffic has a body of its own.
    /// </summary>
    /// <param name="cluster">Where they are.</param>
    /// <param name="since">When the traffic began.</param>
    /// <exception cref="EngineException">They cannot be listed.</exception>
    public static async Task<IReadOnlySet<string>> BodiesAsync(Cluster cluster, DateTimeOffset since)
    {
        var log = Path.Combine(cluster.Logs, $"dead-letters-{cluster.Folder.Run}.log");
        File.Delete(log);
        var from = since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var launch = Installed.Own("workers/Ingest", "Ingest", "dead-letters", "list", "--json", "--since", from) with
        {
            Environment = WorkerSettings.For(WorkerSettings.Ingest, cluster.Engines, 1, ""),
        };
        await using var list = EngineProcess.Start("Ingest dead-letters list", launch, log);
        if (!await list.ExitedWithinAsync(Limit) || list.ExitCode != 0)
        {
            throw new EngineException(list, "did not list the dead letters");
        }
        return Bodies(await File.ReadAllLinesAsync(log));
    }

    // Log lines stand between the letters; a body that is no text has another name.
    static HashSet<string> Bodies(IEnumerable<string> lines) =>
        lines
            .Where(line => line.StartsWith('{'))
            .Select(line =>
            {
                using var letter = JsonDocument.Parse(line);
                return (
                    letter.RootElement.TryGetProperty("body", out var text) ? text : letter.RootElement.GetProperty("bodyBase64")
                ).GetString()!;
            })
            .ToHashSet(StringComparer.Ordinal);
}
