namespace Betting.Ingest.Failures;

/// <summary>
/// Nobody knows whether a transaction is committed, or whether its commit is on the synchronous standby. It is tried again: the journal
/// knows what is committed, and the next COMMIT waits for the standby.
/// </summary>
public sealed class CommitNotKnownException(string message) : Exception(message);
