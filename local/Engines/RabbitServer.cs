using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace Betting.Local.Engines;

/// <summary>A RabbitMQ node of our own: loopback only, its own Erlang port mapper, data under one folder.</summary>
/// <param name="folder">Where its data and logs are.</param>
/// <param name="port">Of AMQP.</param>
/// <param name="managementPort">Of the management plugin's HTTP API; null leaves the plugin out.</param>
/// <param name="hosts">Names of virtual hosts beside <c>/</c>.</param>
public sealed class RabbitServer(string folder, int port, int? managementPort = null, params IReadOnlyList<string> hosts) : IAsyncDisposable
{
    /// <summary>Priority of the policy that keeps every policy of a lower one away from the queues of commands; docs/ingest.md.</summary>
    public const int ShieldPriority = 1000;

    readonly string _home = Path.Combine(folder, "rabbitmq");
    readonly int _distributionPort = FreePort.Take();
    readonly int _mapperPort = FreePort.Take();
    EngineProcess? _process;

    /// <summary>Of the virtual host <c>/</c>.</summary>
    public string Uri => $"amqp://betting:betting@127.0.0.1:{port}/";

    /// <summary>The virtual host <c>/</c>.</summary>
    public RabbitHost Root => new(this, "/");

    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Its process was started and has ended, by itself or by a signal.</summary>
    public bool HasEnded => _process is { HasExited: true };

    public async Task StartAsync()
    {
        Directory.CreateDirectory(_home);
        await File.WriteAllTextAsync(
            Path.Combine(_home, "rabbitmq.conf"),
            $"""
            listeners.tcp.default = 127.0.0.1:{port}
            load_definitions = {Path.Combine(_home, "definitions.json")}
            vm_memory_high_watermark.absolute = 1GiB
            disk_free_limit.absolute = 100MB
            log.console = true
            log.file = false
            {(managementPort is { } http ? $"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {http}" : "")}
            """
        );
        await File.WriteAllTextAsync(Path.Combine(_home, "definitions.json"), Definitions());
        await File.WriteAllTextAsync(Path.Combine(_home, "enabled_plugins"), managementPort is null ? "[]." : "[rabbitmq_management].");
        var launch = new Launch("/usr/lib/rabbitmq/bin/rabbitmq-server", []) { Environment = Environment() };
        if (!File.Exists(launch.Program))
        {
            throw new EngineException("RabbitMQ is not installed: apt-get install rabbitmq-server");
        }
        _process = EngineProcess.Start("RabbitMQ", launch, Path.Combine(folder, "logs", "rabbitmq.log"));
        await Deadline.UntilAsync("RabbitMQ's answer", TimeSpan.FromSeconds(300), AnswersAsync);
    }

    /// <summary>
    /// Raises the memory alarm, as a node does that has too little memory, or ends it: publishers are not read from meanwhile.
    /// </summary>
    public Task SetMemoryAlarmAsync(bool isRaised) => ControlAsync("set_vm_memory_high_watermark", isRaised ? "0.000001" : "0.9");

    /// <summary>The largest message that it takes through channels that are opened from now on; its default is 128 MiB.</summary>
    public Task SetMaxMessageSizeAsync(int bytes) =>
        ControlAsync("eval", string.Create(CultureInfo.InvariantCulture, $"application:set_env(rabbit, max_message_size, {bytes})."));

    /// <summary>Runs <c>rabbitmqctl</c>.</summary>
    /// <exception cref="EngineException">It failed.</exception>
    internal async Task ControlAsync(params string[] arguments)
    {
        var control = new Launch("/usr/lib/rabbitmq/bin/rabbitmqctl", arguments) { Environment = Environment() };
        await using var step = EngineProcess.Start("rabbitmqctl", control, Path.Combine(folder, "logs", "rabbitmq.log"));
        if (!await step.ExitedWithinAsync(TimeSpan.FromSeconds(60)) || step.ExitCode != 0)
        {
            throw new EngineException(step, $"{arguments[0]} failed");
        }
    }

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(30));
            await EndMapperAsync();
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

    // With definitions there is no default user.
    string Definitions()
    {
        string[] all = ["/", .. hosts];
        return JsonSerializer.Serialize(
            new
            {
                users = new[]
                {
                    new
                    {
                        name = "betting",
                        password = "betting",
                        tags = "administrator",
                    },
                },
                vhosts = all.Select(host => new { name = host }),
                permissions = all.Select(host => new
                {
                    user = "betting",
                    vhost = host,
                    configure = ".*",
                    write = ".*",
                    read = ".*",
                }),
                policies = all.Select(host => new Dictionary<string, object>
                {
                    ["vhost"] = host,
                    ["name"] = "bet-commands",
                    ["pattern"] = "^bet-commands",
                    ["apply-to"] = "queues",
                    ["priority"] = ShieldPriority,
                    ["definition"] = new { overflow = "reject-publish" },
                }),
            }
        );
    }

    Dictionary<string, string> Environment() =>
        new()
        {
            ["HOME"] = _home,
            ["RABBITMQ_NODENAME"] = "betting@localhost",
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(_home, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(_home, "log"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(_home, "rabbitmq.conf"),
            ["RABBITMQ_GENERATED_CONFIG_DIR"] = Path.Combine(_home, "generated"),
            ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(_home, "no-such-file"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_home, "enabled_plugins"),
            // As under systemd the script then becomes the Erlang machine instead of waiting for it: one process to signal.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
            ["RABBITMQ_DIST_PORT"] = _distributionPort.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_PORT"] = _mapperPort.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            // Two schedulers that do not spin while idle: the machine is shared with every other engine.
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] =
                "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
        };

    // Erlang starts its port mapper as a daemon of its own; on our own port it is ours to end.
    async Task EndMapperAsync()
    {
        var end = new Launch(
            Installed.Debian("epmd", "erlang-base"),
            ["-port", _mapperPort.ToString(CultureInfo.InvariantCulture), "-kill"]
        );
        await using var step = EngineProcess.Start("epmd", end, Path.Combine(folder, "logs", "rabbitmq.log"));
        await step.ExitedWithinAsync(TimeSpan.FromSeconds(5));
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
        await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray());
        // The listener is bound before the node takes connections: only its Connection.Start says that it is up.
        return await stream.ReadAsync(new byte[8]) > 0;
    }
}
