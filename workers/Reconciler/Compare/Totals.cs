using System.Globalization;

namespace Betting.Reconciler.Compare;

/// <summary>All bets of one day in one status.</summary>
/// <param name="Day">UTC day of placed_at, counted from 1970; null at infinity.</param>
/// <param name="Status">The bets' status.</param>
/// <param name="Bets">How many.</param>
/// <param name="Amount">Sum of stakes.</param>
/// <param name="Payout">Sum of payouts.</param>
/// <param name="Checksum">Sum of the rows' checksums: equal for equal sets of rows.</param>
sealed record DayTotals(long? Day, string Status, long Bets, decimal Amount, decimal Payout, Int128 Checksum);

/// <summary>One day whose totals are not the same on both sides.</summary>
sealed record DayDifference(long? Day, IReadOnlyList<DayTotals> Expected, IReadOnlyList<DayTotals> Found)
{
    /// <summary>Of the day's stakes, in the currency's unit.</summary>
    public decimal AmountDifference => Math.Abs(Expected.Sum(totals => totals.Amount) - Found.Sum(totals => totals.Amount));

    public DateOnly? Date => DayNumber.ToDate(Day);
}

/// <summary>What two passes over all days say.</summary>
static class Totals
{
    public static IReadOnlyList<DayDifference> Differences(IReadOnlyCollection<DayTotals> expected, IReadOnlyCollection<DayTotals> found)
    {
        var left = expected.ToLookup(totals => totals.Day);
        var right = found.ToLookup(totals => totals.Day);
        return
        [
            .. left.Select(day => day.Key)
                .Union(right.Select(day => day.Key))
                .OrderBy(day => day)
                .Where(day => !left[day].ToHashSet().SetEquals(right[day]))
                .Select(day => new DayDifference(day, InOrder(left[day]), InOrder(right[day]))),
        ];
    }

    static DayTotals[] InOrder(IEnumerable<DayTotals> totals) => [.. totals.OrderBy(of => of.Status, StringComparer.Ordinal)];
}

/// <summary>Days as numbers, which both stores compute alike for any year.</summary>
static class DayNumber
{
    static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;

    /// <summary>Null for infinity and for years that a date of ours cannot hold.</summary>
    public static DateOnly? ToDate(long? day) =>
        day is { } number && number + Epoch is >= 0 and <= 3_652_058 ? DateOnly.FromDayNumber((int)(number + Epoch)) : null;

    public static string ToText(long? day) =>
        ToDate(day)?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        ?? (day is { } number ? string.Create(CultureInfo.InvariantCulture, $"day {number}") : "infinity");
}
