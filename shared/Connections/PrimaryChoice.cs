namespace Betting.Connections;

/// <summary>The cluster that a worker follows, and the newest of its timelines that was seen.</summary>
/// <param name="System">Its identifier; 0 while no server has told one.</param>
/// <param name="Timeline">0 while no primary was seen.</param>
readonly record struct KnownCluster(long System, int Timeline)
{
    /// <summary>True where the servers belong together, as far as they tell.</summary>
    public bool Has(ServerAnswer answer) => System == 0 || answer.System == 0 || System == answer.System;
}

/// <summary>
/// Decides which of several hosts gets sessions: the primary of the newest timeline of the cluster that is known. A former primary that was
/// started again says that it is the primary; its timeline is older, and what it is told is lost.
/// </summary>
/// <param name="Host">Its place in the list; null where no host is to be used.</param>
/// <param name="Known">What is known from now on.</param>
/// <param name="Older">Primaries of older timelines.</param>
/// <param name="Foreign">Primaries of other clusters.</param>
sealed record PrimaryChoice(int? Host, KnownCluster Known, IReadOnlyList<int> Older, IReadOnlyList<int> Foreign)
{
    /// <param name="answers">What each host said last.</param>
    /// <param name="known">From before.</param>
    /// <param name="current">
    /// The host in use. It is kept while it is as good as another, and while it only refuses the question: its sessions may work.
    /// </param>
    public static PrimaryChoice Of(IReadOnlyList<ServerAnswer> answers, KnownCluster known, int? current)
    {
        int[] primaries = [.. InState(answers, ServerRole.Primary)];
        if (known.System == 0 && primaries.Length > 0)
        {
            known = known with { System = primaries.Select(host => answers[host].System).FirstOrDefault(system => system != 0) };
        }
        int[] own = [.. primaries.Where(host => known.Has(answers[host]))];
        known = known with { Timeline = own.Select(host => answers[host].Timeline).Append(known.Timeline).Max() };
        int[] newest = [.. own.Where(host => answers[host].Timeline == known.Timeline)];
        return new PrimaryChoice(
            Prefer(newest, current) ?? Prefer([.. InState(answers, ServerRole.Refuses)], current),
            known,
            [.. own.Except(newest)],
            [.. primaries.Except(own)]
        );
    }

    static IEnumerable<int> InState(IReadOnlyList<ServerAnswer> answers, ServerRole role) =>
        Enumerable.Range(0, answers.Count).Where(host => answers[host].Role == role);

    static int? Prefer(int[] hosts, int? current) =>
        hosts.Length == 0 ? null
        : current is { } used && hosts.Contains(used) ? used
        : hosts[0];
}
