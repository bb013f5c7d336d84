namespace Betting.Contracts;

/// <summary>What a bet can be; the texts stand in PostgreSQL, in topics and in ClickHouse.</summary>
public static class BetStatus
{
    public const string Open = "OPEN",
        Settled = "SETTLED",
        CashedOut = "CASHED_OUT",
        Cancelled = "CANCELLED";

    public static readonly IReadOnlyList<string> All = [Open, Settled, CashedOut, Cancelled];
}
