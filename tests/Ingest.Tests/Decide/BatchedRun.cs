using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Tests.Ingest.Decide;

/// <summary>Batches decided one after another, with state, journal and parked commands kept between them as PostgreSQL would.</summary>
sealed class BatchedRun
{
    readonly Dictionary<Guid, ParkedCommand> _parked = [];

    public BatchedRun(Limits limits, IEnumerable<BetCommand[]> batches)
    {
        var now = Given.Now;
        foreach (var batch in batches)
        {
            now = now.AddMilliseconds(1);
            State = Reloaded(State);
            var decision = new BatchDecision(State, [.. _parked.Values], limits, Given.ParkFor, now).Run(batch);
            Keep(decision);
        }
    }

    public State State { get; private set; } = new();

    public List<LedgerEntry> Ledger { get; } = [];

    public Dictionary<Guid, string> Outcomes { get; } = [];

    public Dictionary<long, long> Balances => State.Accounts.ToDictionary(row => row.Key, row => row.Value.Balance.Cents);

    void Keep(BatchDecision decision)
    {
        Ledger.AddRange(decision.Ledger.Entries);
        foreach (
            var (id, outcome) in decision.Outcomes.Concat(decision.Released.Select(row => KeyValuePair.Create(row.Command.Id, row.Outcome)))
        )
        {
            Outcomes[id] = outcome.Kind == OutcomeKind.Parked ? "parked" : $"{OutcomeText.Of(outcome.Kind)} {outcome.Reason}".TrimEnd();
            _parked.Remove(id);
        }
        foreach (var parked in decision.ParkedNow)
        {
            _parked[parked.Command.Id] = parked;
        }
    }

    // What a transaction reads: rows, without the notes of who changed what.
    static State Reloaded(State before)
    {
        var state = new State();
        foreach (var account in before.Accounts.Values)
        {
            state.Accounts.Add(account.UserId, new Account { UserId = account.UserId, Balance = account.Balance });
        }
        foreach (var row in before.Events.Values)
        {
            state.Events.Add(row.Id, new BettingEvent { Id = row.Id, Status = row.Status });
        }
        foreach (var bet in before.Bets.Values)
        {
            state.Bets.Add(
                bet.Id,
                new Bet
                {
                    Id = bet.Id,
                    UserId = bet.UserId,
                    EventId = bet.EventId,
                    Amount = bet.Amount,
                    Status = bet.Status,
                }
            );
        }
        return state;
    }
}
