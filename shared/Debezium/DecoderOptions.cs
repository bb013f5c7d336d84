namespace Betting.Debezium;

/// <summary>Limits and defaults of decoding.</summary>
public sealed record DecoderOptions
{
    /// <summary>The epoch of records without the header <c>epoch</c>, 0–63. Default 1.</summary>
    public int DefaultEpoch { get; init; } = 1;

    /// <summary>Larger values are rejected unread, in bytes. Default 16 MiB.</summary>
    public int MaxValueBytes { get; init; } = 16 << 20;

    /// <summary>What bare numbers in columns of times count, where no schema says it. Default unknown: such records are rejected.</summary>
    public TimeUnits TimeUnits { get; init; }

    /// <summary>JSON nested deeper than this is rejected. Default 64; Debezium's own needs 8.</summary>
    public int MaxDepth { get; init; } = 64;
}
