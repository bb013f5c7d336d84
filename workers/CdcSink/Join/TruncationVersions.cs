namespace Betting.CdcSink.Join;

/// <summary>The versions at which all rows of a table last ended: by a truncate, or by a complete snapshot of a newer epoch.</summary>
readonly record struct TruncationVersions(ulong Users, ulong Events, ulong Bets)
{
    public TruncationVersions With(ReadOnlySpan<byte> table, ulong version) =>
        table.SequenceEqual("users"u8) ? this with { Users = version }
        : table.SequenceEqual("events"u8) ? this with { Events = version }
        : this with { Bets = version };
}
