using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Tests.Ingest.Decide;

/// <summary>
/// The rules once more, as slowly and plainly as can be: one command after another, and after each one everything that
/// waits is tried again from the start until nothing moves.
/// </summary>
sealed class NaiveModel
{
    readonly Dictionary<long, long> _balances = [];
    readonly Dictionary<long, string> _events = [];
    readonly Dictionary<long, string> _names = [];
    readonly Dictionary<long, (long User, long Stake, string Status)> _bets = [];
    readonly List<BetCommand> _waiting = [];
    readonly List<Guid> _arrived = [];

    public Dictionary<Guid, string> Outcomes { get; } = [];

    public IReadOnlyDictionary<long, long> Balances => _balances;

    public IReadOnlyDictionary<long, (long User, long Stake, string Status)> Bets => _bets;

    public IReadOnlyDictionary<long, string> Events => _events;

    public IReadOnlyDictionary<long, string> Names => _names;

    /// <summary>The deadline of a command has come; false where it does not wait.</summary>
    public bool Expire(Guid id, string reason)
    {
        Outcomes[id] = $"rejected {reason}";
        return _waiting.RemoveAll(waiting => waiting.Id == id) == 1;
    }

    public void Apply(BetCommand command)
    {
        var outcome = Decide(command);
        _arrived.Add(command.Id);
        Outcomes[command.Id] = outcome;
        if (outcome.StartsWith("parked", StringComparison.Ordinal))
        {
            _waiting.Add(command);
        }
        else if (outcome == "accepted" && WaitKey.BroughtBy(command) is { } brought)
        {
            Release(brought);
        }
    }

    void Release(WaitKey brought)
    {
        var freed = _waiting
            .Where(waiting => Outcomes[waiting.Id] == $"parked {brought}")
            .OrderBy(waiting => waiting.IssuedAt)
            .ThenBy(waiting => _arrived.IndexOf(waiting.Id))
            .ToList();
        freed.ForEach(waiting => _waiting.Remove(waiting));
        freed.ForEach(Apply);
    }

    string Decide(BetCommand command) =>
        command switch
        {
            RegisterUser c => _balances.TryAdd(c.UserId, 0) ? Named(c.UserId, c.Name) : "rejected already-exists",
            RenameUser c => _balances.ContainsKey(c.UserId) ? Named(c.UserId, c.Name) : Parked(WaitFor.User, c.UserId),
            Deposit c => Move(c.UserId, c.Amount.Cents, c.Amount.Cents),
            Withdraw c => Move(c.UserId, c.Amount.Cents, -c.Amount.Cents),
            ScheduleEvent c => _events.TryAdd(c.EventId, EventStatus.Scheduled) ? "accepted" : "rejected already-exists",
            ChangeEvent c => Change(c),
            PlaceBet c => Place(c),
            SettleBet c => Close(c.BetId, c.UserId, c.Payout.Cents, BetStatus.Settled),
            CashOutBet c => Close(c.BetId, c.UserId, c.Payout.Cents, BetStatus.CashedOut),
            CancelBet c => Close(c.BetId, c.UserId, null, BetStatus.Cancelled),
            _ => throw new ArgumentOutOfRangeException(nameof(command)),
        };

    string Named(long user, string name)
    {
        _names[user] = name;
        return "accepted";
    }

    string Move(long user, long amount, long change)
    {
        if (amount <= 0)
            return "rejected invalid-amount";
        if (!_balances.TryGetValue(user, out var balance))
            return Parked(WaitFor.User, user);
        if (balance + change < 0)
            return "rejected insufficient-funds";
        _balances[user] = balance + change;
        return "accepted";
    }

    string Change(ChangeEvent command)
    {
        if (!_events.TryGetValue(command.EventId, out var status))
            return Parked(WaitFor.Event, command.EventId);
        var order = EventStatus.All.ToList();
        if (order.IndexOf(command.Status!) < order.IndexOf(status))
            return "rejected event-goes-back";
        _events[command.EventId] = command.Status!;
        return "accepted";
    }

    string Place(PlaceBet command)
    {
        if (command.Amount.Cents <= 0)
            return "rejected invalid-amount";
        if (_bets.ContainsKey(command.BetId))
            return "rejected already-exists";
        if (!_balances.TryGetValue(command.UserId, out var balance))
            return Parked(WaitFor.User, command.UserId);
        if (!_events.TryGetValue(command.EventId, out var status))
            return Parked(WaitFor.Event, command.EventId);
        if (status == EventStatus.Finished)
            return "rejected event-finished";
        if (balance < command.Amount.Cents)
            return "rejected insufficient-funds";
        _balances[command.UserId] -= command.Amount.Cents;
        _bets[command.BetId] = (command.UserId, command.Amount.Cents, BetStatus.Open);
        return "accepted";
    }

    string Close(long id, long? user, long? payout, string status)
    {
        if (!_bets.TryGetValue(id, out var bet))
            return Parked(WaitFor.Bet, id);
        if (user is { } named && named != bet.User)
            return "rejected wrong-user";
        if (bet.Status != BetStatus.Open)
            return "rejected bet-not-open";
        _balances[bet.User] += payout ?? bet.Stake;
        _bets[id] = bet with { Status = status };
        return "accepted";
    }

    static string Parked(WaitFor wait, long id) => $"parked {new WaitKey(wait, id)}";
}
