using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Ingest.Decide;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// A worker over RabbitMQ that holds as many bytes of large messages as it may, because PostgreSQL stands; until this is disposed.
/// </summary>
sealed class HeldMessages : IAsyncDisposable
{
    /// <summary>The smallest limit that the worker takes.</summary>
    public const int Limit = 1024 * 1024;

    /// <summary>
    /// Bytes of the messages that were published to fill it, all of them dead letters in the end. The last finds no room, as no other large
    /// one does.
    /// </summary>
    public static readonly int[] Sizes = [800_000, 200_000, 35_000, 35_000];

    readonly NpgsqlConnection _connection;
    readonly NpgsqlTransaction _lock;

    HeldMessages(NpgsqlConnection connection, NpgsqlTransaction held) => (_connection, _lock) = (connection, held);

    /// <param name="stage">Its worker consumes with <see cref="Limit"/>.</param>
    public static async Task<HeldMessages> FillAsync(Stage stage)
    {
        var connection = await stage.Postgres.OpenConnectionAsync();
        var held = await connection.BeginTransactionAsync();
        await using var stop = new NpgsqlCommand("LOCK TABLE commands IN ACCESS EXCLUSIVE MODE", connection, held);
        await stop.ExecuteNonQueryAsync();
        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(1_000_000)]));
        await Deadline.UntilAsync("a batch that waits for the journal", TimeSpan.FromSeconds(30), async () =>
            await stage.CountAsync($"SELECT count(*) FROM pg_stat_activity WHERE {connection.ProcessID} = ANY(pg_blocking_pids(pid))") > 0
        );
        foreach (var size in Sizes)
        {
            await stage.Rabbit.PublishAsync([new byte[size]]);
        }
        await ReceivedAsync(stage);
        return new HeldMessages(connection, held);
    }

    /// <summary>Waits until the worker has all messages that were published.</summary>
    public static Task ReceivedAsync(Stage stage) =>
        Deadline.UntilAsync("a queue whose messages are all on their way", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );

    public async ValueTask DisposeAsync()
    {
        await _lock.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
