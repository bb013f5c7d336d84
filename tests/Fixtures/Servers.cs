using System.Collections.Concurrent;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Fixtures;

/// <summary>
/// The real engines that a test assembly shares, each started by the first test that asks for it and stopped at the end.
/// A server that cannot be started fails the tests that need it; nothing is skipped.
/// </summary>
public sealed class Servers : IAsyncDisposable
{
    static readonly string[] RabbitHosts = [.. Enumerable.Range(1, 80).Select(number => $"tests-{number}")];

    readonly string _folder = ServerFolder.Create();
    readonly ConcurrentDictionary<string, Lazy<string>> _rabbitHosts = new();
    int _rabbitHostsTaken;
    readonly Lazy<Task<PostgresServer>> _postgres;
    readonly Lazy<Task<RedisServer>> _redis;
    readonly Lazy<Task<RabbitServer>> _rabbit;
    readonly Lazy<Task<ClickHouseServer>> _clickHouse;
    readonly Lazy<Task<KafkaServer>> _kafka;

    public Servers()
    {
        _postgres = Once(new PostgresServer(_folder, FreePort.Take()), server => server.StartAsync());
        _redis = Once(new RedisServer(_folder, FreePort.Take()), server => server.StartAsync());
        _rabbit = Once(new RabbitServer(_folder, FreePort.Take(), null, RabbitHosts), server => server.StartAsync());
        _clickHouse = Once(new ClickHouseServer(_folder, FreePort.Take()), server => server.StartAsync());
        _kafka = Once(new KafkaServer(_folder, FreePort.Take()), server => server.StartAsync());
    }

    /// <summary>Logs and data; removed with the servers.</summary>
    public string Folder => _folder;

    public Task<PostgresServer> PostgresAsync() => _postgres.Value;

    public Task<RedisServer> RedisAsync() => _redis.Value;

    /// <summary>
    /// A virtual host that the tests of one collection share, which run one after the other: the queues have fixed names.
    /// </summary>
    public async Task<RabbitHost> RabbitAsync()
    {
        var collection = TestContext.Current.TestCollection?.UniqueID
            ?? throw new InvalidOperationException("Only a test takes a virtual host.");
        var host = _rabbitHosts.GetOrAdd(collection, _ => new(() => RabbitHosts[Interlocked.Increment(ref _rabbitHostsTaken) - 1]));
        return new RabbitHost(await _rabbit.Value, host.Value);
    }

    public Task<ClickHouseServer> ClickHouseAsync() => _clickHouse.Value;

    public Task<KafkaServer> KafkaAsync() => _kafka.Value;

    public async ValueTask DisposeAsync()
    {
        await StopAsync(_postgres);
        await StopAsync(_redis);
        await StopAsync(_rabbit);
        await StopAsync(_clickHouse);
        await StopAsync(_kafka);
        Directory.Delete(_folder, recursive: true);
    }

    static Lazy<Task<T>> Once<T>(T server, Func<T, Task> start) =>
        new(async () =>
        {
            await start(server);
            return server;
        });

    static async Task StopAsync<T>(Lazy<Task<T>> server)
        where T : IAsyncDisposable
    {
        if (server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
