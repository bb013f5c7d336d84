using System.Globalization;
using System.Net.Sockets;

namespace Betting.Local.Engines;

/// <summary>A Redis server of our own: loopback only, append-only file, data under one folder.</summary>
public sealed class RedisServer(string folder, int port) : IAsyncDisposable
{
    readonly string _data = Path.Combine(folder, "redis");
    EngineProcess? _process;

    public string ConnectionString => $"127.0.0.1:{port}";
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Its process was started and has ended, by itself or by a signal.</summary>
    public bool HasEnded => _process is { HasExited: true };

    public async Task StartAsync()
    {
        Directory.CreateDirectory(_data);
        string[] arguments =
        [
            "--port",
            port.ToString(CultureInfo.InvariantCulture),
            "--bind",
            "127.0.0.1",
            "--dir",
            _data,
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--daemonize",
            "no",
        ];
        _process = EngineProcess.Start(
            "Redis",
            new Launch(Installed.Debian("redis-server", "redis-server"), arguments),
            Path.Combine(folder, "logs", "redis.log")
        );
        await Deadline.UntilAsync("Redis' answer", TimeSpan.FromSeconds(30), AnswersAsync);
    }

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(15));
        }
    }

    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
            await _process.DisposeAsync();
        }
    }

    async Task<bool> AnswersAsync()
    {
        if (_process is { HasExited: true })
        {
            throw new EngineException(_process, "ended");
        }
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var stream = client.GetStream();
        await stream.WriteAsync("PING\r\n"u8.ToArray());
        var answer = new byte[7];
        await stream.ReadExactlyAsync(answer);
        // While the append-only file is read, the answer is -LOADING.
        return answer.AsSpan().SequenceEqual("+PONG\r\n"u8);
    }
}
