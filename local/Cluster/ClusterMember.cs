namespace Betting.Local.Cluster;

/// <summary>One process of the cluster.</summary>
/// <param name="Name">As in the names of logs: <c>PostgreSQL</c>, <c>CdcSink-1</c>.</param>
/// <param name="ProcessId">Of the process that runs now; 0 where there is none.</param>
/// <param name="Address">An engine's connection string or address; for a worker the address of its health and metrics.</param>
public sealed record ClusterMember(string Name, int ProcessId, string Address);
