namespace Betting.Local.Engines;

/// <summary>A program that is kept running: one that ends by itself is started again after a second, and that is said.</summary>
public sealed class SupervisedProcess : IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    readonly Launch _launch;
    readonly string _log;
    readonly Action<string> _say;
    readonly CancellationTokenSource _stopping = new();
    readonly Task _supervision;
    EngineProcess _process;

    /// <param name="name">For messages.</param>
    /// <param name="launch">Program, arguments, environment; the same at every start.</param>
    /// <param name="logFile">Standard output and error are appended here.</param>
    /// <param name="say">Told, in one line, each time the program has ended by itself.</param>
    public SupervisedProcess(string name, Launch launch, string logFile, Action<string> say)
    {
        (Name, _launch, _log, _say) = (name, launch, logFile, say);
        _process = EngineProcess.Start(name, launch, logFile);
        _supervision = SuperviseAsync();
    }

    public string Name { get; }

    public int ProcessId => _process.Id;

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Waits until the program that runs now has printed <c>NAME=value</c>.</summary>
    /// <exception cref="EngineException">It ended first, or did not print it in time.</exception>
    public Task<string> AnnouncedAsync(string name, TimeSpan limit) => _process.AnnouncedAsync(name, limit);

    /// <summary>kill -9; it is then started again.</summary>
    public void Kill() => _process.Send(Signal.Kill);

    /// <summary>SIGTERM, and <paramref name="limit"/> to finish the work in hand.</summary>
    /// <returns>Whether it ended by itself with exit code 0.</returns>
    public async Task<bool> StopAsync(TimeSpan limit)
    {
        await _stopping.CancelAsync();
        await _supervision;
        return await _process.StopAsync(limit) && _process.ExitCode == 0;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        await _process.DisposeAsync();
        _stopping.Dispose();
    }

    async Task SuperviseAsync()
    {
        try
        {
            while (true)
            {
                while (!await _process.ExitedWithinAsync(Pause))
                {
                    _stopping.Token.ThrowIfCancellationRequested();
                }
                await Task.Delay(Pause, TimeProvider.System, _stopping.Token);
                _say($"{Name} ended with code {_process.ExitCode} and is started again; its log is {_log}");
                await _process.DisposeAsync();
                _process = EngineProcess.Start(Name, _launch, _log);
                Restarts++;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested) { }
    }
}
