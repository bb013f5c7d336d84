using System.Diagnostics;

namespace Betting.Local.Engines;

/// <summary>
/// One program run as a child process with its output in a log file. Lines of the form <c>NAME=value</c> on standard
/// output are kept: that is how our own engines tell their addresses.
/// </summary>
public sealed class EngineProcess : IAsyncDisposable
{
    readonly Process _process;
    readonly StreamWriter _log;
    readonly Dictionary<string, TaskCompletionSource<string>> _announced = [];
    readonly Lock _gate = new();
    bool _ended,
        _isLogFull;

    EngineProcess(string name, Process process, StreamWriter log)
    {
        Name = name;
        _process = process;
        _log = log;
    }

    public string Name { get; }
    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;
    public string LogFile { get; private init; } = "";

    /// <param name="name">For messages and the log file's name.</param>
    /// <param name="launch">Program, arguments, environment.</param>
    /// <param name="logFile">Standard output and error are appended here.</param>
    public static EngineProcess Start(string name, Launch launch, string logFile)
    {
        // A session of its own: Ctrl-C goes to all of a terminal's processes, and these must outlive it to be drained in order.
        // setsid executes the program in its own place, so the process id is the program's.
        var info = new ProcessStartInfo("setsid")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = launch.WorkingDirectory ?? "/",
        };
        info.ArgumentList.Add(launch.Program);
        foreach (var argument in launch.Arguments)
        {
            info.ArgumentList.Add(argument);
        }
        foreach (var (key, value) in launch.Environment)
        {
            info.Environment[key] = value;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        var log = new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var process = new Process { StartInfo = info };
        var engine = new EngineProcess(name, process, log) { LogFile = logFile };
        process.OutputDataReceived += (_, line) => engine.Keep(line.Data);
        process.ErrorDataReceived += (_, line) => engine.Keep(line.Data);
        process.Start();
        Leftovers.Note(Path.GetDirectoryName(logFile)!, process.Id, name);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ = engine.FailAnnouncementsAtItsEndAsync();
        return engine;
    }

    /// <summary>Waits until the program has printed <c>NAME=value</c>.</summary>
    /// <exception cref="EngineException">It ended first, or did not print it in time.</exception>
    public async Task<string> AnnouncedAsync(string name, TimeSpan limit)
    {
        try
        {
            return await Announcement(name).Task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            throw new EngineException(this, $"did not print {name}=… within {limit.TotalSeconds:F0} s");
        }
    }

    /// <summary>Sends a signal to this process alone; nothing happens where it has ended.</summary>
    public void Send(Signal signal)
    {
        if (!_process.HasExited)
        {
            signal.SendTo(_process.Id);
        }
    }

    /// <summary>Asks with <paramref name="polite"/>, then kills after <paramref name="limit"/>; true where it ended by itself.</summary>
    public async Task<bool> StopAsync(TimeSpan limit, Signal polite = Signal.Terminate)
    {
        Send(polite);
        if (await ExitedWithinAsync(limit))
        {
            return true;
        }
        await KillAsync();
        return false;
    }

    /// <summary>kill -9, as a crash would.</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await _process.WaitForExitAsync();
    }

    public async Task<bool> ExitedWithinAsync(TimeSpan limit)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        lock (_gate)
        {
            _log.Dispose();
        }
    }

    TaskCompletionSource<string> Announcement(string name)
    {
        lock (_gate)
        {
            if (!_announced.TryGetValue(name, out var source))
            {
                _announced[name] = source = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_ended)
                {
                    source.TrySetException(new EngineException(this, $"ended with code {_process.ExitCode}"));
                }
            }
            return source;
        }
    }

    void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        lock (_gate)
        {
            if (_log.BaseStream is { CanWrite: true })
            {
                Write(line);
            }
        }
        if (
            line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
            && line.AsSpan(0, equals).IndexOfAnyExceptInRange('A', '_') < 0
        )
        {
            Announcement(line[..equals]).TrySetResult(line[(equals + 1)..]);
        }
    }

    // On a full disk the lines are lost; an exception here would end whoever supervises the program.
    void Write(string line)
    {
        try
        {
            _log.WriteLine(line);
        }
        catch (IOException full) when (!_isLogFull)
        {
            _isLogFull = true;
            Console.Error.WriteLine($"{Name}: lines of its log are lost: {full.Message}");
        }
        catch (IOException)
        {
            // Told before.
        }
    }

    // The wait ends when the program has ended and all it wrote has been read: the error quotes its last words.
    async Task FailAnnouncementsAtItsEndAsync()
    {
        await _process.WaitForExitAsync();
        lock (_gate)
        {
            _ended = true;
            foreach (var source in _announced.Values)
            {
                source.TrySetException(new EngineException(this, $"ended with code {_process.ExitCode}"));
            }
        }
    }
}
