namespace Betting.Hosting;

/// <summary>The exit code that the process will end with; 0 unless a loop failed.</summary>
sealed class WorkerExit
{
    int _code;
    volatile string? _line;

    public int Code => Volatile.Read(ref _code);

    /// <summary>Why the process ends, in one line for standard error; null where no loop failed.</summary>
    public string? Line => _line;

    /// <summary>
    /// A loop has failed. True for the first: those that fail with it, of the same cause or of the end itself, are no news.
    /// </summary>
    public bool Fail(int code, string line)
    {
        if (Interlocked.CompareExchange(ref _code, code, ExitCodes.Done) != ExitCodes.Done)
        {
            return false;
        }
        _line = line.ReplaceLineEndings(" ");
        return true;
    }
}
