namespace Betting.Ingest.Failures;

/// <summary>What a failure of a transaction means, and so what is done after it. docs/failures.md has the table.</summary>
public enum FailureClass
{
    /// <summary>PostgreSQL is away, starting, read-only or out of room, or its clock jumped: wait, then try the same batch again.</summary>
    Unavailable,

    /// <summary>The batch takes too long or too much memory: halve it. A command that is alone waits and is reported.</summary>
    TooMuch,

    /// <summary>The data of one command is refused: halve the batch until that command is alone, then put it aside.</summary>
    Data,

    /// <summary>A password, a right, the schema or a setting is wrong: wait and report until an operator has corrected it.</summary>
    Configuration,

    /// <summary>
    /// Nothing is known about this failure: try once more, halve, and let the command that is alone wait and be reported.
    /// </summary>
    Unknown,

    /// <summary>Another transaction was in the way: try again at once.</summary>
    Contention,

    /// <summary>Another transaction inserted one of the ids: tried again, this one sees it.</summary>
    IdTaken,

    /// <summary>Somebody cancelled the attempt; PostgreSQL did not fail.</summary>
    Cancelled,
}
