using Betting.Debezium;

namespace Betting.CacheWarmer.Counters;

/// <summary>One bet's new state: where it stands and since which version.</summary>
/// <param name="BetId">The bet.</param>
/// <param name="Code">A <see cref="StatusCode"/>.</param>
/// <param name="Version">The change that made it so.</param>
/// <param name="Partition">Partition of the bets topic that brought it.</param>
/// <param name="Position">Its place in that partition's stream.</param>
public readonly record struct CountedChange(long BetId, char Code, ChangeVersion Version, int Partition, StreamPosition Position);
