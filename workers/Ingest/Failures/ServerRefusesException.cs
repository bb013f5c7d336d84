namespace Betting.Ingest.Failures;

/// <summary>
/// PostgreSQL refuses what it must take, so its refusals say nothing about data: nothing is put aside, and trying goes on.
/// </summary>
public sealed class ServerRefusesException(string what, Exception cause) : Exception($"{what} ({Failure.LineOf(cause)})", cause);
