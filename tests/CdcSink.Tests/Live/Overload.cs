using System.Diagnostics;

namespace Betting.Tests.CdcSink.Live;

/// <summary>Processes that do nothing but use processors, several for each one, until they are disposed.</summary>
sealed class Overload : IDisposable
{
    const int ForEachProcessor = 3;

    readonly List<Process> _loops = [];

    public Overload()
    {
        for (var i = 0; i < Environment.ProcessorCount * ForEachProcessor; i++)
        {
            // Ends with its parent as well, should that be killed.
            _loops.Add(Process.Start("sh", ["-c", "while kill -0 $PPID 2>/dev/null; do :; done"]));
        }
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Kill();
            loop.Dispose();
        }
    }
}
