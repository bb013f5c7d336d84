using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>The accounts of the double entry; only wallets have a balance in a row of their own.</summary>
public static class LedgerAccounts
{
    public const string Wallet = "wallet",
        Stakes = "stakes",
        House = "house",
        Bank = "bank";
}

/// <summary>One side of a movement of money.</summary>
public readonly record struct LedgerEntry(Guid CommandId, string Account, long UserId, long? BetId, Money Amount, DateTime IssuedAt);

/// <summary>What a batch of commands moved; the entries of each command sum to zero.</summary>
public sealed class Ledger
{
    readonly List<LedgerEntry> _entries = [];

    public IReadOnlyList<LedgerEntry> Entries => _entries;

    /// <summary>Money from the world outside into the wallet, or back where <paramref name="amount"/> is negative.</summary>
    public void Transfer(BetCommand command, Account account, Money amount)
    {
        Add(command, LedgerAccounts.Bank, account.UserId, null, -amount);
        MoveWallet(command, account, null, amount);
    }

    /// <summary>The stake leaves the wallet and is held.</summary>
    public void Hold(BetCommand command, Account account, Bet bet)
    {
        MoveWallet(command, account, bet.Id, -bet.Amount);
        Add(command, LedgerAccounts.Stakes, bet.UserId, bet.Id, bet.Amount);
    }

    /// <summary>The held stake is released, the payout goes into the wallet, and the house has the difference.</summary>
    public void Release(BetCommand command, Account account, Bet bet, Money payout)
    {
        Add(command, LedgerAccounts.Stakes, bet.UserId, bet.Id, -bet.Amount);
        MoveWallet(command, account, bet.Id, payout);
        Add(command, LedgerAccounts.House, bet.UserId, bet.Id, bet.Amount - payout);
    }

    void MoveWallet(BetCommand command, Account account, long? betId, Money amount)
    {
        account.Balance += amount;
        account.BalanceChanged |= amount != Money.Zero;
        Add(command, LedgerAccounts.Wallet, account.UserId, betId, amount);
    }

    void Add(BetCommand command, string account, long userId, long? betId, Money amount)
    {
        if (amount != Money.Zero)
        {
            _entries.Add(new LedgerEntry(command.Id, account, userId, betId, amount, command.IssuedAt));
        }
    }
}
