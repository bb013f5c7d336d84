namespace Betting.Ingest.Store;

/// <summary>Something is being released; nothing else is applied until that has ended. Trying again joins in.</summary>
public sealed class ReleaseFirstException() : Exception("what has come is being released first");

/// <summary>The database takes no outcome at all of a command that was parked; no command of a batch is at fault.</summary>
public sealed class ReleaseStuckException(Exception refusal) : Exception("a parked command cannot even be rejected", refusal);

/// <summary>More waits for what a batch brings than one transaction releases: each command has to come in a transaction of its own.</summary>
public sealed class ReleaseTooLargeException() : Exception("more waits for what this batch brings than one transaction releases");
