namespace Betting.Ingest.Decide;

/// <summary>Why a command was rejected; part of the contract, so a code never changes its meaning.</summary>
public static class Reasons
{
    public const string InsufficientFunds = "insufficient-funds",
        UnknownUser = "unknown-user",
        UnknownEvent = "unknown-event",
        UnknownBet = "unknown-bet",
        WrongUser = "wrong-user",
        BetNotOpen = "bet-not-open",
        EventFinished = "event-finished",
        EventGoesBack = "event-goes-back",
        AlreadyExists = "already-exists",
        InvalidAmount = "invalid-amount",
        OverLimit = "over-limit",
        IssuedInFuture = "issued-in-future",
        RefusedByDatabase = "refused-by-database";

    /// <summary>All codes with what each means.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        [InsufficientFunds] = "The wallet holds less than the stake or withdrawal.",
        [UnknownUser] = "The user had not been registered when the command's waiting time was over.",
        [UnknownEvent] = "The event had not been scheduled when the command's waiting time was over.",
        [UnknownBet] = "The bet had not been placed when the command's waiting time was over.",
        [WrongUser] = "The bet belongs to another user than the one that userId names.",
        [BetNotOpen] = "The bet is settled, cashed out or cancelled already.",
        [EventFinished] = "The event is FINISHED and takes no more bets.",
        [EventGoesBack] = "An event goes from SCHEDULED to LIVE to FINISHED and never back.",
        [AlreadyExists] = "The user, event or bet id is taken.",
        [InvalidAmount] = "An amount must be greater than 0, a payout not less than 0.",
        [OverLimit] = "The amount, the payout or the balance it would make is over the limit that is set.",
        [IssuedInFuture] = "issuedAt is further ahead of PostgreSQL's clock than is allowed.",
        [RefusedByDatabase] = "PostgreSQL's own rules refused it when its waiting time was over.",
    };
}
