using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Betting.Tests.Local.Engines;

public sealed class EnginesStart : IAsyncLifetime
{
    readonly Servers _servers = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    [Fact]
    public async Task Postgres_keeps_committed_rows_through_kill_9()
    {
        var server = await _servers.PostgresAsync();
        var database = await TestDatabase.CreateAsync(server) + ";Pooling=false";
        await using var source = NpgsqlDataSource.Create(database);
        await using (var create = source.CreateCommand("CREATE TABLE kept AS SELECT 42 AS answer"))
        {
            await create.ExecuteNonQueryAsync();
        }

        await server.KillAsync();
        await server.StartAsync();

        await using var read = source.CreateCommand("SELECT answer FROM kept");
        Assert.Equal(42, await read.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Redis_and_RabbitMQ_start_again_after_kill_9()
    {
        var redis = await _servers.RedisAsync();
        var first = redis.ProcessId;
        await redis.KillAsync();
        await redis.StartAsync();
        Assert.NotEqual(first, redis.ProcessId);

        var rabbit = (await _servers.RabbitAsync()).Node;
        first = rabbit.ProcessId;
        await rabbit.KillAsync();
        await rabbit.StartAsync();
        Assert.NotEqual(first, rabbit.ProcessId);
    }

    [Fact]
    public async Task An_engine_that_ends_at_once_says_what_its_log_said()
    {
        var log = Path.Combine(_servers.Folder, "logs", "ends.log");
        await using var engine = EngineProcess.Start("sh", new Launch("sh", ["-c", "echo no such luck; exit 3"]), log);

        var error = await Assert.ThrowsAsync<EngineException>(() => engine.AnnouncedAsync("ADDRESS", TimeSpan.FromSeconds(10)));

        Assert.Contains("no such luck", error.Message, StringComparison.Ordinal);
        Assert.Contains("code 3", error.Message, StringComparison.Ordinal);
    }
}
