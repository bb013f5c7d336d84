using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.Reconciler.Compare;

/// <summary>Logs what both stores say of the bets that <see cref="LogOptions.Follow"/> names, at the cut of a run.</summary>
sealed class FollowedBets(FollowedIds ids, ILogger<FollowedBets> log)
{
    static readonly string[] Told = ["bet_status", "bet_amount", "payout"];

    public async Task CompareAsync(long run, IBetSide postgres, IBetSide clickHouse, CancellationToken cancellation)
    {
        if (ids.Bets.Count == 0)
        {
            return;
        }
        var expected = await postgres.ValuesAsync([.. ids.Bets], cancellation);
        var found = await clickHouse.ValuesAsync([.. ids.Bets], cancellation);
        foreach (var bet in ids.Bets)
        {
            var (left, right) = (expected.GetValueOrDefault(bet), found.GetValueOrDefault(bet));
            ReconcilerLog.FollowedBet(log, bet, run, Verdict(left, right), TextOf(left), TextOf(right));
        }
    }

    static string Verdict(string[]? left, string[]? right) =>
        (left, right) switch
        {
            (null, null) => "in neither store",
            (null, _) => "only in ClickHouse",
            (_, null) => "only in PostgreSQL",
            _ => Enumerable.Range(0, Columns.All.Count).Where(at => left[at] != right[at]).Select(at => Columns.All[at].Name).ToList()
                is { Count: > 0 } names
                ? $"different in {string.Join(", ", names)}"
                : "equal",
        };

    static string TextOf(string[]? values) =>
        values is null
            ? "no row"
            : string.Join(
                ", ",
                Columns
                    .All.Index()
                    .Where(column => Told.Contains(column.Item.Name))
                    .Select(column => $"{column.Item.Name} {values[column.Index]}")
            );
}
