using Betting.CdcSink.ClickHouse;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

public sealed class IdSelectionTests
{
    [Fact]
    public void Every_id_is_asked_for_once_and_little_else()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 40)).SelectMany(_ => Cluster(random)).Distinct().Order()];
            var selection = IdSelection.Of(ids);

            Assert.InRange(selection.Ranges.Count, 0, 8);
            Assert.All(ids, id =>
                Assert.Equal(
                    1,
                    selection.Ranges.Count(range => id >= range.Low && id <= range.High) + selection.Others.Count(other => other == id)
                )
            );
            Assert.True(
                selection.Ranges.Aggregate(UInt128.Zero, (sum, range) => sum + (UInt128)((Int128)range.High - range.Low + 1))
                    <= (UInt128)(4 * ids.Length)
            );
        }
    }

    [Fact]
    public void Ids_that_lie_together_are_ranges_and_scattered_ones_are_named()
    {
        var dense = IdSelection.Of([
            .. Enumerable.Range(1_000, 50_000).Select(id => (long)id),
            .. Enumerable.Range(900_000, 20_000).Select(id => 2L * id),
        ]);
        Assert.Equal(
            [(1_000, 50_999), (1_800_000, 1_839_998)],
            dense.Ranges.OrderBy(range => range.Low).Aggregate(new List<(long Low, long High)>(), Joined)
        );
        Assert.Empty(dense.Others);

        var scattered = IdSelection.Of([.. Enumerable.Range(1, 10_000).Select(id => id * 1_000L)]);
        Assert.True(scattered.Others.Count > 9_900, $"{scattered.Others.Count} named");
    }

    [Fact]
    public void The_ends_of_64_bits_are_ids_too()
    {
        var selection = IdSelection.Of([long.MinValue, -1, 0, 1, long.MaxValue]);
        Assert.All((long[])[long.MinValue, -1, 0, 1, long.MaxValue], id =>
            Assert.True(selection.Others.Contains(id) || selection.Ranges.Any(range => id >= range.Low && id <= range.High))
        );
    }

    // Cuts fall at the widest gaps even where all gaps are alike.
    static List<(long Low, long High)> Joined(List<(long Low, long High)> all, (long Low, long High) next)
    {
        if (all.Count > 0 && next.Low - all[^1].High <= 2)
        {
            all[^1] = (all[^1].Low, next.High);
        }
        else
        {
            all.Add(next);
        }
        return all;
    }

    static IEnumerable<long> Cluster(Random random)
    {
        var start = random.Next(3) == 0 ? random.NextInt64(long.MinValue, long.MaxValue - 100_000) : random.NextInt64(100_000);
        var step = random.Next(1, 9);
        return Enumerable.Range(0, random.Next(1, 60)).Select(each => start + (long)each * step);
    }
}
