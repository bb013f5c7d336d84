using Betting.Reconciler.Compare;

namespace Betting.Tests.Reconciler.Compare;

public sealed class ViewRetentionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(13)]
    [InlineData(18)]
    [InlineData(84)]
    public void Rows_are_compared_from_the_first_day_of_which_none_has_expired_whatever_the_date(int months)
    {
        for (var at = new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc); at.Year < 2029; at = at.AddHours(12))
        {
            var first = ViewRetention.WholeDays(at, months);

            Assert.True(first.AddMonths(months) > at && first.AddDays(-1).AddMonths(months) <= at, $"{at:s}: {first:s}");
        }
    }
}
