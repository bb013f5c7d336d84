using Betting.Reconciler.Compare;
using CsCheck;

namespace Betting.Tests.Reconciler.Compare;

public sealed class RowMergeTests
{
    [Fact]
    public async Task Every_differing_bet_is_found_once_whatever_the_two_sides_hold() =>
        await Gen.Select(Rows, Rows)
            .SampleAsync(
                async (left, right) =>
                {
                    var found = new List<(long, DriftKind)>();
                    await foreach (var pair in RowMerge.DifferencesAsync(Stream(left), Stream(right)))
                    {
                        found.Add((pair.Id, pair.Kind));
                    }
                    var expected = left
                        .Keys.Union(right.Keys)
                        .Order()
                        .Where(bet => !left.TryGetValue(bet, out var a) || !right.TryGetValue(bet, out var b) || a != b)
                        .Select(bet =>
                            (
                                bet,
                                !right.ContainsKey(bet) ? DriftKind.Missing
                                : !left.ContainsKey(bet) ? DriftKind.Extra
                                : DriftKind.Mismatched
                            )
                        );
                    return found.SequenceEqual(expected);
                }
            );

    [Fact]
    public async Task A_row_that_comes_twice_is_a_difference()
    {
        var once = new[] { new RowChecksum(5, 0, 1) };
        var pairs = new List<RowPair>();
        await foreach (var pair in RowMerge.DifferencesAsync(once.ToAsyncEnumerable(), once.Concat(once).ToAsyncEnumerable()))
        {
            pairs.Add(pair);
        }
        Assert.Equal(DriftKind.Extra, Assert.Single(pairs).Kind);
    }

    static Gen<SortedDictionary<long, long>> Rows =>
        Gen.Select(Gen.Long[-20, 20], Gen.Long[0, 2])
            .Array[0, 20]
            .Select(rows => new SortedDictionary<long, long>(
                rows.GroupBy(row => row.Item1).ToDictionary(row => row.Key, row => row.First().Item2)
            ));

    static IAsyncEnumerable<RowChecksum> Stream(SortedDictionary<long, long> rows) =>
        rows.Select(row => new RowChecksum(row.Key, 0, row.Value)).ToAsyncEnumerable();
}
