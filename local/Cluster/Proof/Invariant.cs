namespace Betting.Local.Cluster.Proof;

/// <summary>Something that must hold after any fault, and whether it does.</summary>
/// <param name="Name">The invariant in words.</param>
/// <param name="Holds">Whether it holds now.</param>
/// <param name="Detail">What was compared; where it does not hold, the first offenders.</param>
public sealed record Invariant(string Name, bool Holds, string Detail);
