namespace Betting.Debezium;

/// <summary>
/// Where a change stands in the stream of its partition: it only grows, and a change that a restarted connector sends again
/// has the position it had, though a later offset.
/// </summary>
/// <param name="Epoch">Which cluster: see <see cref="ChangeVersion"/>.</param>
/// <param name="CommitLsn"><c>source.sequence[0]</c>, the last commit that the connector had seen; 0 in the first snapshot.</param>
/// <param name="Lsn">The change's own LSN.</param>
/// <param name="TotalOrder"><c>transaction.total_order</c>, which tells rows of one COPY apart; 0 without transaction metadata.</param>
/// <remarks>
/// Whoever adds changes up needs it to leave out repeated ones; whoever keeps the highest <see cref="ChangeVersion"/> does not.
/// Flattened records carry it only if the transform adds <c>source.sequence</c>.
/// </remarks>
public readonly record struct StreamPosition(int Epoch, ulong CommitLsn, ulong Lsn, long TotalOrder) : IComparable<StreamPosition>
{
    public int CompareTo(StreamPosition other)
    {
        var byEpoch = Epoch.CompareTo(other.Epoch);
        if (byEpoch != 0)
            return byEpoch;
        var byCommit = CommitLsn.CompareTo(other.CommitLsn);
        if (byCommit != 0)
            return byCommit;
        var byLsn = Lsn.CompareTo(other.Lsn);
        return byLsn != 0 ? byLsn : TotalOrder.CompareTo(other.TotalOrder);
    }

    public static bool operator <(StreamPosition left, StreamPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(StreamPosition left, StreamPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(StreamPosition left, StreamPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(StreamPosition left, StreamPosition right) => left.CompareTo(right) >= 0;
}
