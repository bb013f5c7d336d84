using Betting.Connections;
using Npgsql;
using StackExchange.Redis;

namespace Betting.CacheWarmer.Fills;

/// <summary>
/// Fills one key, one replica at a time. The value's version is the WAL position and PostgreSQL's clock, both read before
/// its snapshot was taken: a fill that began earlier can never overwrite one that began later, however slow it was.
/// </summary>
sealed class Filler(IKeyFill fill, PostgresSource postgres, IConnectionMultiplexer redis, CacheWarmerMetrics metrics, TimeProvider clock)
{
    const string ReleaseLock = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

    /// <summary>Longer than any fill takes; a filler that died holds the key up for no longer.</summary>
    static readonly TimeSpan LockLifetime = TimeSpan.FromSeconds(3);

    readonly string _me = Guid.NewGuid().ToString("N");

    public string Key => fill.Key;

    IDatabase Database => redis.GetDatabase();

    /// <summary>Whether the key is gone or has less than half of its life left.</summary>
    public async Task<bool> IsDueAsync() => await Database.KeyTimeToLiveAsync(fill.Key) is not { } left || left < fill.Lifetime / 2;

    /// <returns>How many items were written; null if another replica is filling the key at this moment, or wrote a newer value.</returns>
    public async Task<int?> FillAsync(CancellationToken cancellation)
    {
        var filler = PublicKey.FillerOf(fill.Key);
        if (!await Database.StringSetAsync(filler, _me, LockLifetime, When.NotExists))
        {
            return null;
        }
        var begun = clock.GetTimestamp();
        try
        {
            await using var connection = await postgres.OpenConnectionAsync(cancellation);
            var version = await ReadVersionAsync(connection, cancellation);
            var (value, items) = await fill.ReadAsync(connection, cancellation);
            var written = await PublicKey.WriteAsync(Database, fill.Key, value, version, fill.Lifetime);
            metrics.Fill(fill.Key, written ? "written" : "outdated", clock.GetElapsedTime(begun));
            return written ? items : null;
        }
        finally
        {
            await Database.ScriptEvaluateAsync(ReleaseLock, [filler], [_me]);
        }
    }

    static async Task<string> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT lpad(to_hex((pg_current_wal_insert_lsn() - '0/0')::bigint), 16, '0')
                || '.' || lpad((extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text, 20, '0')
            """,
            connection
        );
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
