namespace Betting.Hosting;

/// <summary>Exit codes of the workers and of every verb; the table stands in docs/exit-codes.md.</summary>
public static class ExitCodes
{
    /// <summary>Done as asked.</summary>
    public const int Done = 0;

    /// <summary>Not done, or done in part: something was refused or differs. Standard error names it.</summary>
    public const int NotDone = 1;

    /// <summary>A store or broker could not be asked, so the answer is not known; nothing is said about what was asked for.</summary>
    public const int CouldNotAsk = 2;

    /// <summary>The store answered: what was named is not there.</summary>
    public const int NotThere = 3;

    /// <summary>Wrong arguments or settings (EX_CONFIG of sysexits.h).</summary>
    public const int BadSettings = 78;
}
