using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>What became of a command.</summary>
public enum OutcomeKind
{
    /// <summary>It had its effect.</summary>
    Accepted,

    /// <summary>It was understood and has no effect; the reason is one of <see cref="Reasons"/>.</summary>
    Rejected,

    /// <summary>It waits for a user, an event or a bet; the reason is what it will be rejected with if that never comes.</summary>
    Parked,

    /// <summary>The same command came before; the first outcome stands.</summary>
    Duplicate,

    /// <summary>Another command had the same id; this one has no effect and is kept as evidence.</summary>
    Conflict,
}

/// <param name="Kind">What became of the command.</param>
/// <param name="Reason">One of <see cref="Reasons"/> where it was rejected or is parked.</param>
/// <param name="Wait">What a parked command waits for.</param>
/// <param name="Until">Of a command that a batch has parked: until when, UTC.</param>
public readonly record struct Outcome(OutcomeKind Kind, string? Reason = null, WaitKey Wait = default, DateTime? Until = null)
{
    public static readonly Outcome Accepted = new(OutcomeKind.Accepted);

    public static Outcome Rejected(string reason) => new(OutcomeKind.Rejected, reason);

    public static Outcome WaitsForUser(long id) => Waits(new WaitKey(WaitFor.User, id));

    public static Outcome WaitsForEvent(long id) => Waits(new WaitKey(WaitFor.Event, id));

    public static Outcome WaitsForBet(long id) => Waits(new WaitKey(WaitFor.Bet, id));

    public static Outcome Waits(WaitKey key) => new(OutcomeKind.Parked, key.Missing, key);
}

/// <summary>What a parked command can wait for.</summary>
public enum WaitFor
{
    User,
    Event,
    Bet,
}

/// <summary>A user, event or bet that has not come yet.</summary>
public readonly record struct WaitKey(WaitFor For, long Id)
{
    /// <summary>The reason of a command for which it never comes.</summary>
    public string Missing =>
        For switch
        {
            WaitFor.User => Reasons.UnknownUser,
            WaitFor.Event => Reasons.UnknownEvent,
            _ => Reasons.UnknownBet,
        };

    /// <summary>What an accepted <paramref name="command"/> brings into being, if anything.</summary>
    public static WaitKey? BroughtBy(BetCommand command) =>
        command switch
        {
            RegisterUser user => new WaitKey(WaitFor.User, user.UserId),
            ScheduleEvent scheduled => new WaitKey(WaitFor.Event, scheduled.EventId),
            PlaceBet bet => new WaitKey(WaitFor.Bet, bet.BetId),
            _ => null,
        };
}
