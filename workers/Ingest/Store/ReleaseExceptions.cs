namespace Betting.Ingest.Store;

/// <summary>Something is being released; nothing else is applied until that has ended. Trying again joins in.</summary>
public sealed class ReleaseFirstException() : Exception("what has come is being released first");

/// <summary>More waits for what a batch brings than one transaction releases: each command has to come in a transaction of its own.</summary>
public sealed class ReleaseTooLargeException() : Exception("more waits for what this batch brings than one transaction releases");
