namespace Betting.Reconciler.Compare;

/// <summary>What a comparison needs of one row: key, checksum, and of a bet in ClickHouse the versions that it was made of.</summary>
readonly record struct RowChecksum(long Id, long? Day, long Checksum, ulong BetVersion = 0, ulong UserVersion = 0, ulong EventVersion = 0);

/// <summary>One row that is not the same on both sides; one of the two is missing where only the other has it.</summary>
readonly record struct RowPair(RowChecksum? Expected, RowChecksum? Found)
{
    public long Id => (Expected ?? Found)!.Value.Id;

    public DriftKind Kind =>
        Found is null ? DriftKind.Missing
        : Expected is null ? DriftKind.Extra
        : DriftKind.Mismatched;
}

/// <summary>What is wrong with a row, seen from PostgreSQL.</summary>
enum DriftKind
{
    /// <summary>PostgreSQL has it, ClickHouse does not.</summary>
    Missing,

    /// <summary>ClickHouse has it, PostgreSQL does not.</summary>
    Extra,

    /// <summary>Both have it, with different values.</summary>
    Mismatched,
}

/// <summary>Walks two streams of rows in the order of their ids, holding one row of each.</summary>
static class RowMerge
{
    /// <summary>Every id whose rows differ, in order.</summary>
    public static async IAsyncEnumerable<RowPair> DifferencesAsync(
        IAsyncEnumerable<RowChecksum> expected,
        IAsyncEnumerable<RowChecksum> found
    )
    {
        await using var left = expected.GetAsyncEnumerator();
        await using var right = found.GetAsyncEnumerator();
        var hasLeft = await left.MoveNextAsync();
        var hasRight = await right.MoveNextAsync();
        while (hasLeft || hasRight)
        {
            var order =
                !hasLeft ? 1
                : !hasRight ? -1
                : left.Current.Id.CompareTo(right.Current.Id);
            if (order < 0)
            {
                yield return new RowPair(left.Current, null);
            }
            else if (order > 0)
            {
                yield return new RowPair(null, right.Current);
            }
            else if (left.Current.Checksum != right.Current.Checksum)
            {
                yield return new RowPair(left.Current, right.Current);
            }
            // A row that comes twice under one id is a difference by itself: its second copy finds no partner.
            hasLeft = order <= 0 ? await left.MoveNextAsync() : hasLeft;
            hasRight = order >= 0 ? await right.MoveNextAsync() : hasRight;
        }
    }
}
