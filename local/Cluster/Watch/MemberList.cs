namespace Betting.Local.Cluster.Watch;

/// <summary>The processes of a run with their ids and addresses, as lines for a terminal.</summary>
static class MemberList
{
    /// <param name="members">What runs.</param>
    /// <param name="logs">The folder of the logs, named at the end.</param>
    public static IEnumerable<string> Lines(IEnumerable<ClusterMember> members, string logs)
    {
        var rows = members.ToList();
        var width = rows.Max(row => row.Name.Length);
        foreach (var row in rows)
        {
            yield return $"  {row.Name.PadRight(width)}  pid {row.ProcessId, -7}  {row.Address}";
        }
        yield return "  workers answer at their address for /health/live, /health/ready and /metrics; logs are in " + logs;
    }
}
