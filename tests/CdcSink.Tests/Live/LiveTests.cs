using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// The sink alone behind a live PostgreSQL: with REAL_KAFKA in the environment behind real Kafka and real Debezium, else behind this
/// project's stand-ins, where everything but the broker is killed.
/// </summary>
[Trait("Category", "real")]
public sealed class LiveTests
{
    [Fact]
    public async Task PostgreSQL_equals_ClickHouse_after_each_part_of_the_way_was_killed_and_after_the_cluster_was_rebuilt()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 2);
        await using var first = await stage.NewPostgresAsync("first");
        await using (var postgres = NpgsqlDataSource.Create(first.ConnectionString(LiveStage.Database)))
        {
            await using (var traffic = new LiveTraffic(postgres, seed: 1))
            {
                await Deadline.UntilAsync("something to be read by the snapshot", TimeSpan.FromMinutes(1), () =>
                    Task.FromResult(traffic.Committed > 100)
                );
                await stage.CaptureAsync(first, epoch: 1);
                await stage.MoreChangesAsync(200);
                foreach (var (name, killAsync) in stage.Kills)
                {
                    await killAsync();
                    await stage.MoreChangesAsync(200);
                    TestContext.Current.TestOutputHelper!.WriteLine($"killed {name} after {traffic.Committed} transactions");
                }
                await stage.AddPartitionAsync();
                await traffic.StopAsync();
            }
            await AssertEqualAsync(stage, postgres);
            await stage.Stream.StopCaptureAsync();
        }

        await using var second = await RebuiltAsync(stage, first);
        await using var rebuilt = NpgsqlDataSource.Create(second.ConnectionString(LiveStage.Database));
        await stage.CaptureAsync(second, epoch: 2);
        await AssertEqualAsync(stage, rebuilt);
        await using (var traffic = new LiveTraffic(rebuilt, seed: 2))
        {
            await stage.MoreChangesAsync(200);
            await stage.Kills["a replica of the sink"]();
            await stage.MoreChangesAsync(100);
            await traffic.StopAsync();
        }
        await AssertEqualAsync(stage, rebuilt);
        Assert.Equal(
            1,
            await stage.CountAsync(
                "SELECT min(bitAnd(version, 72057594037927935)) FILTER (WHERE bitShiftRight(version, "
                    + "57) = 2) < max(bitAnd(version, 72057594037927935)) FILTER (WHERE bitShiftRight(version, 57) = 1) FROM bet_changes"
            )
        );
    }

    /// <summary>The rows as they were, in a cluster whose log starts again, and some of them gone before anybody captures it.</summary>
    static async Task<PostgresServer> RebuiltAsync(LiveStage stage, PostgresServer first)
    {
        var second = await stage.NewPostgresAsync("second");
        await using var from = new NpgsqlConnection(first.ConnectionString(LiveStage.Database));
        await using var to = new NpgsqlConnection(second.ConnectionString(LiveStage.Database));
        await Task.WhenAll(from.OpenAsync(), to.OpenAsync());
        foreach (var table in new[] { "users", "events", "bets" })
        {
            using var rows = await from.BeginTextExportAsync($"COPY {table} TO STDOUT");
            await using var copy = await to.BeginTextImportAsync($"COPY {table} FROM STDIN");
            await copy.WriteAsync(await rows.ReadToEndAsync());
        }
        // A table of which the snapshot reads no row keeps its older rows until a run has compared them: so each has one, also after a
        // truncate.
        await using var delete = new NpgsqlCommand(
            """
            DELETE FROM bets WHERE id % 5 = 0; DELETE FROM users WHERE id % 7 = 0; DELETE FROM events WHERE id % 6 = 0;
            INSERT INTO events VALUES (23, 'kept', 'c3', now(), 'SCHEDULED') ON CONFLICT DO NOTHING
            """,
            to
        );
        Assert.True(await delete.ExecuteNonQueryAsync() > 10, "there was something to delete");
        await first.StopAsync();
        return second;
    }

    static async Task AssertEqualAsync(LiveStage stage, NpgsqlDataSource postgres)
    {
        await stage.EverythingHasArrivedAsync(postgres);
        Assert.Empty(stage.Ended);
        var rows = await Expected.AssertEqualsAsync(stage.ClickHouse, postgres);
        TestContext.Current.TestOutputHelper!.WriteLine($"{rows} rows equal");
        Assert.True(rows > 50, $"{rows} rows are too few to prove anything");
    }
}
