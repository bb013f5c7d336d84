namespace Betting.Local.Bench.Figures;

/// <summary>One row of the result.</summary>
/// <param name="Part">The part that measured it.</param>
/// <param name="Name">What was measured.</param>
/// <param name="Samples">The repetitions.</param>
/// <param name="Unit">Of the value; UCUM-like, such as <c>commands/s</c>, <c>ms</c>, <c>MB</c>.</param>
public sealed record Figure(string Part, string Name, Samples Samples, string Unit)
{
    /// <summary>The limit or peer that it is compared with, measured in the same run.</summary>
    public Peer? Peer { get; init; }

    public Target? Target { get; init; }

    /// <summary>What a reader has to know about this one row.</summary>
    public string? Note { get; init; }

    /// <summary>Median of the repetitions.</summary>
    public double Value => Samples.Median;

    /// <summary>Median of the ratios to the peer, repetition by repetition.</summary>
    public double? Ratio => Peer is null ? null : Samples.DividedBy(Peer.Samples).Median;

    /// <summary>Null where nothing is demanded.</summary>
    public bool? IsMet => Target?.IsMetBy(Ratio ?? Value);
}

/// <summary>What a figure is compared with.</summary>
public sealed record Peer(string Name, Samples Samples);
