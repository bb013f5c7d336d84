namespace Betting.CdcSink.ClickHouse;

/// <summary>What a failure of ClickHouse asks the sink to do. See docs/failures.md.</summary>
enum FailureClass
{
    /// <summary>The server is away or busy; the failure does not depend on what was sent. Wait and send the same batch again.</summary>
    Unavailable,

    /// <summary>
    /// The statement is too large for the server. Retry a few times with smaller pieces, then split the batch; one record alone waits.
    /// </summary>
    TooMuch,

    /// <summary>
    /// The server refuses to insert a record's change or row. Split the batch until the record is alone; it goes to the dead letters.
    /// </summary>
    Data,

    /// <summary>Only an operator can mend it. The worker ends with one line and records nothing.</summary>
    Configuration,

    /// <summary>Not known. Treated as <see cref="TooMuch"/>, logged as an error, and never taken for bad data.</summary>
    Unknown,
}
