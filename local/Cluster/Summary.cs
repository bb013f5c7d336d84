using System.Text;
using System.Text.Json;
using Betting.Local.Cluster.Proof;
using Betting.Local.Cluster.Watch;
using Betting.Local.Load.Doors;

namespace Betting.Local.Cluster;

/// <summary>One page about a run, for people and for machines.</summary>
sealed record Summary(
    TimeSpan Start,
    double TrafficSeconds,
    double DrainedSeconds,
    Published Published,
    Reading Final,
    IReadOnlyList<Invariant> Invariants,
    IReadOnlyList<Memory> Memory,
    int Restarts
)
{
    static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public bool Holds => Invariants.All(invariant => invariant.Holds);

    /// <summary>Published messages that had their outcome, divided by the time from the first to the last of them.</summary>
    public double CommandsPerSecond => Published.Messages / DrainedSeconds;

    public string Text()
    {
        var page = new StringBuilder();
        page.AppendLine(
            $"""

            Started in {Start.TotalSeconds:F1} s, traffic for {TrafficSeconds:F1} s, drained {DrainedSeconds - TrafficSeconds:F1} s later.
            Published {Published.Messages:N0} messages: {Published.Commands:N0} commands, {Published.Duplicates:N0} of them twice.
            Malformed ones are {Published.Malformed:N0} of the messages.
            {CommandsPerSecond:N0} commands/s from the first published to the last applied.
            Outcomes in the journal: {Final.OutcomesText()}
            Commit to visible in ClickHouse: p50 {Final.FreshnessP50:F2} s, p95 {Final.FreshnessP95:F2} s. Worker restarts: {Restarts}.
            Memory, now / peak MiB: {string.Join(", ", Memory.Select(memory => $"{memory.Name} {memory.MiB:F0}/{memory.PeakMiB:F0}"))}

            """
        );
        foreach (var invariant in Invariants)
        {
            page.AppendLine($"  {(invariant.Holds ? "holds " : "BROKEN")}  {invariant.Name}: {invariant.Detail}");
        }
        page.Append(Holds ? "All invariants hold." : "NOT all invariants hold.");
        return page.ToString();
    }

    public string Json() =>
        JsonSerializer.Serialize(
            new
            {
                holds = Holds,
                startSeconds = Start.TotalSeconds,
                trafficSeconds = TrafficSeconds,
                drainedSeconds = DrainedSeconds,
                published = new
                {
                    Published.Commands,
                    Published.Duplicates,
                    Published.Malformed,
                },
                commandsPerSecond = CommandsPerSecond,
                outcomes = Final.Outcomes,
                freshnessSeconds = new { p50 = Final.FreshnessP50, p95 = Final.FreshnessP95 },
                restarts = Restarts,
                memoryMiB = Memory,
                invariants = Invariants,
            },
            Layout
        );
}
