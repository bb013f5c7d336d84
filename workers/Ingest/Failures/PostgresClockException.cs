namespace Betting.Ingest.Failures;

/// <summary>PostgreSQL's clock jumped: the transaction must not be committed, and is tried again like one that met an outage.</summary>
public sealed class PostgresClockException(string doubt) : Exception(doubt);
