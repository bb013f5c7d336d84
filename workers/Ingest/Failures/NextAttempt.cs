namespace Betting.Ingest.Failures;

/// <summary>What follows a failed attempt.</summary>
public enum NextAttempt
{
    /// <summary>The same batch again, after a pause.</summary>
    Same,

    /// <summary>
    /// Something smaller: the halves; of a single command its transaction without what it releases, or else the dead letters.
    /// </summary>
    Smaller,
}

/// <summary>Failures and what follows them: nothing is retried unchanged without end while it can be made smaller.</summary>
public static class AttemptRules
{
    // An id is taken once: when the batch is tried again, it is seen. More often than this it is no coincidence, but the data.
    const int MostTimesTaken = 20;

    /// <param name="kind">Of the last failure.</param>
    /// <param name="attempt">Attempts of this batch so far, from 1.</param>
    /// <param name="canBeSmaller">It has several commands, or one that releases others.</param>
    public static NextAttempt After(FailureClass kind, int attempt, bool canBeSmaller) =>
        kind switch
        {
            FailureClass.Data => NextAttempt.Smaller,
            FailureClass.IdTaken when attempt > MostTimesTaken => NextAttempt.Smaller,
            FailureClass.TooMuch when canBeSmaller => NextAttempt.Smaller,
            FailureClass.Unknown when canBeSmaller && attempt > 1 => NextAttempt.Smaller,
            _ => NextAttempt.Same,
        };
}
