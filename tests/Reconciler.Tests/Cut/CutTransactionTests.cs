using Betting.Local.Engines;
using Betting.Reconciler;
using Betting.Reconciler.Cut;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Betting.Tests.Reconciler.Cut;

/// <summary>TRUNCATE and a rewriting ALTER TABLE empty a table for snapshots that are older than they are.</summary>
public sealed class CutTransactionTests(Servers servers)
{
    [Theory]
    [InlineData("TRUNCATE users")]
    [InlineData("ALTER TABLE bets ADD COLUMN noise double precision DEFAULT random()")]
    public async Task A_table_that_is_emptied_for_the_cut_before_it_is_read_cannot_be_compared(string statement)
    {
        await using var postgres = await MigratedAsync();
        await using var cut = await CutTransaction.BeginAsync(postgres, "a fence", CancellationToken.None);
        await using (var connection = await postgres.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(statement);
        }
        var refused = await Assert.ThrowsAsync<CouldNotCompareException>(() => cut.BeginReadsAsync(TestContext.Current.CancellationToken));
        Assert.Contains("truncated or rewritten", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_of_a_partitioned_table_that_is_emptied_is_noticed()
    {
        await using var postgres = await MigratedAsync();
        await using var connection = await postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            ALTER TABLE users RENAME TO users_of_all;
            CREATE TABLE users (LIKE users_of_all) PARTITION BY RANGE (id);
            CREATE TABLE users_low PARTITION OF users FOR VALUES FROM (MINVALUE) TO (1000);
            CREATE TABLE users_high PARTITION OF users FOR VALUES FROM (1000) TO (MAXVALUE);
            """
        );
        await using var cut = await CutTransaction.BeginAsync(postgres, "a fence", CancellationToken.None);
        await connection.ExecuteAsync("TRUNCATE users_high");

        await Assert.ThrowsAsync<CouldNotCompareException>(() => cut.BeginReadsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stop_ends_the_wait_for_a_lock()
    {
        await using var postgres = await MigratedAsync();
        await using var cut = await CutTransaction.BeginAsync(postgres, "a fence", CancellationToken.None);
        await using var connection = await postgres.OpenConnectionAsync();
        await connection.ExecuteAsync("BEGIN; LOCK TABLE bets IN ACCESS EXCLUSIVE MODE");
        using var stop = new CancellationTokenSource();
        var reading = cut.BeginReadsAsync(stop.Token);
        await Deadline.UntilAsync("the wait", TimeSpan.FromSeconds(30), async () =>
            await connection.ExecuteScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        );
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Once_the_reads_have_begun_nobody_empties_a_table()
    {
        await using var postgres = await MigratedAsync();
        await using var cut = await CutTransaction.BeginAsync(postgres, "a fence", CancellationToken.None);
        await using (var connection = await postgres.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                "INSERT INTO events (id, name, category, start_time, status) VALUES (1, 'Cup', 'football', now(), 'SCHEDULED')"
            );
        }
        await cut.BeginReadsAsync(TestContext.Current.CancellationToken);
        await using var other = await postgres.OpenConnectionAsync();
        var locked = await Assert.ThrowsAsync<PostgresException>(() => other.ExecuteAsync("SET lock_timeout = '100ms'; TRUNCATE bets"));
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, locked.SqlState);
    }

    async Task<NpgsqlDataSource> MigratedAsync()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        return NpgsqlDataSource.Create(database);
    }
}
