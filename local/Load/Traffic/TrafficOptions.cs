namespace Betting.Local.Load.Traffic;

/// <summary>What the traffic looks like. The same options give the same commands, but for their times.</summary>
public sealed record TrafficOptions
{
    public int Seed { get; init; } = 1;

    /// <summary>Which run of the same seed: shifts all ids, so that a second run on the same data is new traffic.</summary>
    public int Run { get; init; } = 1;

    /// <summary>How many users may ever bet; they register when they first do.</summary>
    public int Users { get; init; } = 2_000;

    /// <summary>How many events are open for bets at any time.</summary>
    public int Events { get; init; } = 40;

    /// <summary>Of a thousand commands, how many come a second time.</summary>
    public double DuplicatesPerThousand { get; init; } = 10;

    /// <summary>Of a thousand commands, how many are overtaken by the next ones.</summary>
    public double LatePerThousand { get; init; } = 10;

    /// <summary>Of a thousand messages, how many nobody can understand.</summary>
    public double MalformedPerThousand { get; init; } = 0.5;
}
