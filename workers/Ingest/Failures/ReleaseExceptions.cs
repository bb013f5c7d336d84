namespace Betting.Ingest.Failures;

/// <summary>Something is being released; nothing else is applied until that has ended. Trying again joins in.</summary>
public sealed class ReleaseFirstException() : Exception("what has come is being released first");

/// <summary>
/// PostgreSQL is another server than the one that has what came before, or was started anew: it may have lost some of it, so nothing that
/// depends on it is applied before the door has looked what is there.
/// </summary>
public sealed class OtherServerException()
    : Exception("PostgreSQL is another server, or was started anew, and may have lost what came before");

/// <summary>
/// More waits for what a batch brings than one transaction releases: each command has to come in a transaction of its own.
/// </summary>
public sealed class ReleaseTooLargeException() : Exception("more waits for what this batch brings than one transaction releases");
