using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>Moments that are not known because PostgreSQL's clock fell: a row of <c>clock_jumps</c>.</summary>
/// <param name="KnownUntil">Begin, microseconds since 1970 UTC.</param>
/// <param name="KnownAgain">End, the same.</param>
/// <param name="From">The change before the fall.</param>
/// <param name="Fall">The change behind it.</param>
public readonly record struct ClockJump(long KnownUntil, long KnownAgain, ChangeVersion From, ChangeVersion Fall);
