using System.Globalization;

namespace Betting.Local.Engines;

/// <summary>The ClickHouse engine of this project's <c>local/ClickHouse</c>, as a process of its own.</summary>
/// <param name="folder">For its data and its log.</param>
/// <param name="port">On loopback.</param>
/// <param name="memoryLimit">
/// Bytes for all queries together, 0 for nine tenths of the machine's; by default the host's own, which is small: the engine gives
/// a query a thread for each free GiB.
/// </param>
public sealed class ClickHouseServer(string folder, int port, long? memoryLimit = null) : IAsyncDisposable
{
    EngineProcess? _process;

    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Its process was started and has ended, by itself or by a signal.</summary>
    public bool HasEnded => _process is { HasExited: true };
    public bool IsRunning => _process is { HasExited: false };

    public string ConnectionString(string database = "default") => $"Host=127.0.0.1;Port={port};Database={database};Username=default";

    public async Task StartAsync()
    {
        string[] memory = memoryLimit is { } limit ? ["--memory-limit", limit.ToString(CultureInfo.InvariantCulture)] : [];
        var launch = Installed.Own(
            "local/ClickHouse",
            "LocalClickHouse",
            ["--port", port.ToString(CultureInfo.InvariantCulture), "--path", Path.Combine(folder, "clickhouse"), .. memory]
        );
        _process = EngineProcess.Start("ClickHouse", launch, Path.Combine(folder, "logs", "clickhouse.log"));
        await _process.AnnouncedAsync("CLICKHOUSE_URL", TimeSpan.FromSeconds(60));
    }

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(30));
        }
    }

    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    public void Pause() => _process?.Send(Signal.Stop);

    public void Resume() => _process?.Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
            await _process.DisposeAsync();
        }
    }
}
