using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>How much a command may move, and how far ahead of PostgreSQL's clock it may be.</summary>
/// <param name="MaxAmount">Highest stake, deposit or withdrawal.</param>
/// <param name="MaxPayout">Highest payout of a bet.</param>
/// <param name="MaxBalance">Highest balance to which a command may raise a wallet.</param>
/// <param name="MaxIssuedAhead">How far issuedAt may be ahead of PostgreSQL's clock.</param>
public sealed record Limits(Money MaxAmount, Money MaxPayout, Money MaxBalance, TimeSpan MaxIssuedAhead);
