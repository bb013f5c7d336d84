namespace Betting.Hosting;

/// <summary>The exit code that the process will end with; 0 unless a loop failed.</summary>
sealed class WorkerExit
{
    public int Code { get; set; }
}
