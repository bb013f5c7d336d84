using Betting.Reconciler.Compare;

namespace Betting.Tests.Reconciler.Compare;

public sealed class TotalsTests
{
    static readonly DayTotals Open = new(20_000, "OPEN", 3, 30.00m, 0, 77);

    [Fact]
    public void Equal_totals_in_another_order_and_scale_are_no_difference() =>
        Assert.Empty(
            Totals.Differences([Open, Open with { Status = "SETTLED" }], [Open with { Status = "SETTLED" }, Open with { Amount = 30.0m }])
        );

    [Fact]
    public void A_cent_a_checksum_a_status_and_a_missing_day_are()
    {
        Assert.Single(Totals.Differences([Open], [Open with { Amount = 30.01m }]));
        Assert.Single(Totals.Differences([Open], [Open with { Checksum = 78 }]));
        Assert.Single(Totals.Differences([Open], [Open with { Status = "SETTLED" }]));
        Assert.Equal(30.00m, Assert.Single(Totals.Differences([Open], [])).AmountDifference);
        Assert.Equal(2, Totals.Differences([Open], [Open with { Day = null }]).Count);
    }

    [Theory]
    [InlineData(-1L, "1969-12-31")]
    [InlineData(20_000L, "2024-10-04")]
    [InlineData(99_999_999L, "day 99999999")]
    [InlineData(null, "infinity")]
    public void Days_have_a_name_for_any_year(long? day, string text) => Assert.Equal(text, DayNumber.ToText(day));
}
