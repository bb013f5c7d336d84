using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>
/// The users, events and bets that a batch touches, as they are in the transaction that holds their locks. Decisions
/// change it in memory; what was changed is then saved.
/// </summary>
public sealed class State
{
    public Dictionary<long, Account> Accounts { get; } = [];
    public Dictionary<long, BettingEvent> Events { get; } = [];
    public Dictionary<long, Bet> Bets { get; } = [];

    /// <summary>User ids that are taken although no wallet was loaded for them.</summary>
    public HashSet<long> TakenUserIds { get; } = [];

    public bool Has(WaitKey key) =>
        key.For switch
        {
            WaitFor.User => Accounts.ContainsKey(key.Id),
            WaitFor.Event => Events.ContainsKey(key.Id),
            _ => Bets.ContainsKey(key.Id),
        };
}

/// <summary>A user and the wallet.</summary>
public sealed class Account
{
    public required long UserId { get; init; }
    public required Money Balance { get; set; }

    /// <summary>When the user was registered, where this batch did it.</summary>
    public DateTime? RegisteredAt { get; init; }

    /// <summary>The new name, where this batch gave one.</summary>
    public string? Name { get; set; }

    public bool BalanceChanged { get; set; }
}

/// <summary>An event; texts are null where this batch does not change them.</summary>
public sealed class BettingEvent
{
    public required long Id { get; init; }
    public required string Status { get; set; }
    public bool IsNew { get; init; }
    public bool Changed { get; set; }
    public string? Name { get; set; }
    public string? Category { get; set; }
    public DateTime? StartTime { get; set; }
}

public sealed class Bet
{
    public required long Id { get; init; }
    public required long UserId { get; init; }
    public required long EventId { get; init; }
    public required Money Amount { get; init; }
    public required string Status { get; set; }

    /// <summary>When it was placed, where this batch did it.</summary>
    public DateTime? PlacedAt { get; init; }

    public Money? Payout { get; set; }
    public DateTime? ClosedAt { get; set; }

    /// <summary>This batch closed a bet that was there before.</summary>
    public bool Changed => PlacedAt is null && ClosedAt is not null;
}
