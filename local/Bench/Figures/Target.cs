using System.Globalization;

namespace Betting.Local.Bench.Figures;

/// <summary>What a figure must reach: its ratio to the peer where it has one, else its value.</summary>
public sealed record Target(double Bound, bool IsLeast)
{
    public static Target AtLeast(double bound) => new(bound, true);

    public static Target Below(double bound) => new(bound, false);

    public bool IsMetBy(double number) => IsLeast ? number >= Bound : number < Bound;

    public override string ToString() => (IsLeast ? "≥ " : "< ") + Bound.ToString("0.###", CultureInfo.InvariantCulture);
}
