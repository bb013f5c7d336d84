using Betting.Contracts.Commands;
using Betting.Ingest.Failures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Store;

/// <summary>Commands about few rows, so that whoever applies them at the same time gets in each other's way.</summary>
static class Traffic
{
    public static IEnumerable<BetCommand> About(int users, int events, int bets, int seed)
    {
        var random = new Random(seed);
        for (var user = 1; user <= users; user++)
        {
            yield return Given.Register(user);
            yield return Given.Deposit(500_00, user);
        }
        for (var id = 1; id <= events; id++)
        {
            yield return Given.Schedule(id);
        }
        for (var bet = 1; bet <= bets; bet++)
        {
            yield return Given.Place(bet, random.Next(1, 20_00), random.Next(1, users + 1), random.Next(1, events + 1));
            BetCommand? close = random.Next(5) switch
            {
                0 or 1 => Given.Settle(bet, random.Next(0, 40_00)),
                2 => Given.CashOut(bet, random.Next(0, 10_00)),
                3 => Given.Cancel(bet),
                _ => null,
            };
            if (close is not null)
            {
                yield return close;
            }
        }
    }

    /// <summary>As the batch handler does: again where another transaction was in the way.</summary>
    public static async Task UntilCommittedAsync(Func<Task> apply)
    {
        while (true)
        {
            try
            {
                await apply();
                return;
            }
            catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.Contention or FailureClass.IdTaken) { }
        }
    }
}
