using Betting.Local.Bench.Figures;
using Xunit;

namespace Betting.Tests.Local.Bench;

public sealed class SamplesTests
{
    [Theory]
    [InlineData(new double[] { 3 }, 3, 0)]
    [InlineData(new double[] { 30, 10, 20 }, 20, 1)]
    [InlineData(new double[] { 1, 2, 3, 100 }, 2.5, 39.6)]
    public void Median_and_spread_are_those_of_the_sorted_values(double[] values, double median, double spread)
    {
        var samples = new Samples(values);

        Assert.Equal(median, samples.Median);
        Assert.Equal(spread, samples.Spread, 6);
    }

    [Fact]
    public void A_ratio_compares_the_values_of_one_repetition()
    {
        // The machine was half as fast in the second repetition, for both.
        var ratio = new Samples(100, 50, 100).DividedBy(new Samples(200, 100, 250));

        Assert.Equal([0.5, 0.5, 0.4], ratio.Values);
        Assert.Equal(0.5, ratio.Median);
    }

    [Fact]
    public void The_smaller_of_two_limits_is_found_in_each_repetition()
    {
        Assert.Equal([1, 2, 3], new Samples(1, 5, 3).OrLess(new Samples(4, 2, 3)).Values);
    }

    [Fact]
    public void Nothing_and_what_is_no_number_are_no_samples()
    {
        Assert.Throws<ArgumentException>(() => new Samples());
        Assert.Throws<ArgumentException>(() => new Samples(1, double.NaN));
        Assert.Throws<ArgumentException>(() => new Samples(1, 2).DividedBy(new Samples(1)));
        Assert.Throws<ArgumentException>(() => new Samples(1, 2).OrLess(new Samples(1)));
    }
}
