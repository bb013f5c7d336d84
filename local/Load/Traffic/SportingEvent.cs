namespace Betting.Local.Load.Traffic;

/// <summary>An event as the generator knows it, with the bets that it believes open.</summary>
sealed class SportingEvent(long id)
{
    public long Id { get; } = id;
    public bool IsLive { get; set; }
    public List<OpenBet> Bets { get; } = [];
}

/// <summary>A bet that was placed and, as far as its publisher knows, neither settled nor refused.</summary>
/// <param name="Id">Chosen by the publisher.</param>
/// <param name="User">Who placed it.</param>
/// <param name="Cents">The stake.</param>
readonly record struct OpenBet(long Id, long User, long Cents);
