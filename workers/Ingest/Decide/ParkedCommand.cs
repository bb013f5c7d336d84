using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>A command that waits, as it is kept in PostgreSQL.</summary>
/// <param name="Command">The command.</param>
/// <param name="Wait">What it waits for.</param>
/// <param name="ParkedAt">Since when, UTC.</param>
/// <param name="Deadline">From when on it is rejected, UTC.</param>
public sealed record ParkedCommand(BetCommand Command, WaitKey Wait, DateTime ParkedAt, DateTime Deadline);
