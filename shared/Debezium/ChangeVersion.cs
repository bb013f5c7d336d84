namespace Betting.Debezium;

/// <summary>
/// The order of the changes of one row: <c>epoch &lt;&lt; 57 | streamed &lt;&lt; 56 | lsn</c>.
/// </summary>
/// <remarks>
/// The LSN alone misorders: a snapshot read carries the LSN of the snapshot's end, while a transaction that was in flight
/// during the snapshot streams later with smaller LSNs, and it is the newer truth. So every read (<c>op r</c>) sorts below
/// every streamed change of its epoch. The epoch, 0–63, counts rebuilt PostgreSQL clusters, whose LSNs start again; six
/// bits, so that the sum of two versions still fits 64. LSNs are multiples of 8, which leaves room for a repair of the
/// row known at V: V+1 is above what was compared and below any later change.
/// </remarks>
public readonly record struct ChangeVersion(ulong Value) : IComparable<ChangeVersion>
{
    public const int MaxEpoch = 63;
    public const ulong MaxLsn = (1UL << 56) - 1;

    /// <summary>Below every change: nothing is known.</summary>
    public static ChangeVersion None => default;

    public int Epoch => (int)(Value >> 57);

    public bool IsStreamed => (Value >> 56 & 1) == 1;

    public ulong Lsn => Value & MaxLsn;

    /// <exception cref="ArgumentOutOfRangeException">The epoch or the LSN does not fit.</exception>
    public static ChangeVersion Of(int epoch, bool streamed, ulong lsn)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epoch, MaxEpoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lsn, MaxLsn);
        return new((ulong)epoch << 57 | (streamed ? 1UL << 56 : 0) | lsn);
    }

    public int CompareTo(ChangeVersion other) => Value.CompareTo(other.Value);

    public static bool operator <(ChangeVersion left, ChangeVersion right) => left.Value < right.Value;

    public static bool operator >(ChangeVersion left, ChangeVersion right) => left.Value > right.Value;

    public static bool operator <=(ChangeVersion left, ChangeVersion right) => left.Value <= right.Value;

    public static bool operator >=(ChangeVersion left, ChangeVersion right) => left.Value >= right.Value;

    public override string ToString() => $"{Epoch}/{(IsStreamed ? "streamed" : "read")}/{Lsn}";
}
