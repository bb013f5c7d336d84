using System.Runtime.InteropServices;

namespace Betting.Local.Engines;

/// <summary>POSIX signals by their numbers on Linux.</summary>
public enum Signal
{
    /// <summary>No signal: only asks whether the process is there.</summary>
    None = 0,
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>Sends signals.</summary>
public static partial class SignalExtensions
{
    /// <summary>Sends <paramref name="signal"/>; false where no such process is left.</summary>
    public static bool SendTo(this Signal signal, int processId) => Kill(processId, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
