namespace Betting.Reconciler.Compare;

/// <summary>What a comparison needs of one row: its key, its checksum, and in ClickHouse the versions that it was made of.</summary>
readonly record struct RowMark(long BetId, long? Day, long Checksum, ulong BetVersion = 0, ulong UserVersion = 0, ulong EventVersion = 0);

/// <summary>One bet that is not the same on both sides; one of the two is missing where only the other has it.</summary>
readonly record struct RowPair(RowMark? Expected, RowMark? Found)
{
    public long BetId => (Expected ?? Found)!.Value.BetId;

    public DriftKind Kind => Found is null ? DriftKind.Missing : Expected is null ? DriftKind.Extra : DriftKind.Mismatched;
}

/// <summary>What is wrong with a bet, seen from PostgreSQL.</summary>
enum DriftKind
{
    /// <summary>PostgreSQL has it, ClickHouse does not.</summary>
    Missing,

    /// <summary>ClickHouse has it, PostgreSQL does not.</summary>
    Extra,

    /// <summary>Both have it, with different values.</summary>
    Mismatched,
}

/// <summary>Walks two streams of rows in the order of their bet ids, holding one row of each.</summary>
static class RowMerge
{
    /// <summary>Every bet whose rows differ, in order.</summary>
    public static async IAsyncEnumerable<RowPair> DifferencesAsync(IAsyncEnumerable<RowMark> expected, IAsyncEnumerable<RowMark> found)
    {
        await using var left = expected.GetAsyncEnumerator();
        await using var right = found.GetAsyncEnumerator();
        var hasLeft = await left.MoveNextAsync();
        var hasRight = await right.MoveNextAsync();
        while (hasLeft || hasRight)
        {
            var order = !hasLeft ? 1 : !hasRight ? -1 : left.Current.BetId.CompareTo(right.Current.BetId);
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
