using System.Net.Http.Json;
using Betting.CdcSink.Connector;
using Betting.Local.Engines;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// A PostgreSQL that is replaced by an older copy of itself while the connector runs: behind real Kafka and real Debezium where REAL_KAFKA
/// is in the environment, else behind the stand-ins.
/// </summary>
[Trait("Category", "real")]
public sealed class RestoreTests
{
    const string Linked = "SELECT count() FROM watermarks FINAL WHERE notEmpty(id)";
    const string Asked = "SELECT count() FROM reconciliation_requests WHERE startsWith(id, 'Predecessor of the watermarks of epoch 1')";

    const string UsersAndEvents = """
        INSERT INTO users SELECT n, 'User ' || n, now() FROM generate_series(1, 5) n;
        INSERT INTO events SELECT n, 'Event ' || n, 'Tennis', now(), 'SCHEDULED' FROM generate_series(1, 5) n
        """;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task A_restored_PostgreSQL_is_told_although_the_connector_skips_all_that_it_writes_below_its_position()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database) + ";Pooling=false");
        await RunAsync(postgres, UsersAndEvents);
        await stage.CaptureAsync(server, epoch: 1);
        await Deadline.UntilAsync("watermarks that name each other", Patience, async () => await stage.CountAsync(Linked) > 3);

        var copy = stage.CopyOf("first", server);
        await copy.TakeAsync();
        var (copied, copiedAt) = (await stage.CountAsync(Linked), await NowAsync(postgres));
        await Deadline.UntilAsync("watermarks after the copy", Patience, async () => await stage.CountAsync(Linked) > copied + 3);
        await PlaceAsync(postgres, from: 1, to: 200);
        await VisibleAsync(stage, postgres, bets: 200);
        // kill -9 is no sign, nor was the restart before: PostgreSQL's own recovery loses no commit.
        await server.KillAsync();
        await server.StartAsync();
        await PlaceAsync(postgres, from: 201, to: 210);
        await VisibleAsync(stage, postgres, bets: 210);
        Assert.Equal(0, await stage.CountAsync("SELECT count() FROM reconciliation_requests"));

        await copy.PutBackAsync();
        await PlaceAsync(postgres, from: 1001, to: 1050);
        // The log grows beyond the position up to which Kafka Connect has read the former one.
        await RunAsync(postgres, "SELECT pg_switch_wal()");
        await RunAsync(postgres, "CHECKPOINT");
        await RunAsync(postgres, "SELECT pg_switch_wal()");
        await PlaceAsync(postgres, from: 2001, to: 2010);
        await Deadline.UntilAsync("the request for a reconciliation", Patience, async () => await stage.CountAsync(Asked) > 0);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"of 210 lost bets {await BetsAsync(stage, 1, 210)} are shown, of 50 that the "
                + $"connector skipped {await BetsAsync(stage, 1001, 1050)}"
        );
        Assert.Equal(210, await BetsAsync(stage, 1, 210));
        Assert.Equal(1, await stage.CountAsync("SELECT count() FROM reconciliation_requests FINAL"));
        // Held at the last watermark that the copy has; or nothing is proven, where the connector skipped the first one after the restore.
        Assert.Equal(
            1,
            await stage.CountAsync($"SELECT count() FROM data_as_of WHERE ifNull(data_as_of < toDateTime64('{copiedAt}', 6, 'UTC'), 1)")
        );
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task Rows_that_the_publication_left_out_are_told_and_held_although_the_connector_ran_on()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database) + ";Pooling=false");
        await RunAsync(postgres, UsersAndEvents);
        await stage.CaptureAsync(server, epoch: 1);
        await PlaceAsync(postgres, from: 1, to: 50);
        await VisibleAsync(stage, postgres, bets: 50);
        Assert.Equal(0, await stage.CountAsync("SELECT count() FROM reconciliation_requests"));

        var before = await NowAsync(postgres);
        await RunAsync(postgres, "ALTER PUBLICATION debezium_publication DROP TABLE bets");
        await PlaceAsync(postgres, from: 101, to: 120);
        await RunAsync(postgres, "ALTER PUBLICATION debezium_publication ADD TABLE bets");
        await PlaceAsync(postgres, from: 201, to: 202);
        await Deadline.UntilAsync("the request for a reconciliation", Patience, async () =>
            await stage.CountAsync("SELECT count() FROM holds WHERE startsWith(id, 'Publication of the watermarks of epoch 1')") == 1
        );
        await Deadline.UntilAsync("what was published again", Patience, async () => await BetsAsync(stage, 201, 202) == 2);

        TestContext.Current.TestOutputHelper!.WriteLine($"of 20 bets that were not published {await BetsAsync(stage, 101, 120)} are shown");
        Assert.Equal(1, await stage.CountAsync($"SELECT count() FROM data_as_of WHERE data_as_of < toDateTime64('{before}', 6, 'UTC')"));
        Assert.Empty(stage.Ended);
    }

    [Fact]
    public async Task DDL_that_changes_values_is_held_each_time_although_the_connector_sends_no_change()
    {
        const string Held = "SELECT count() FROM holds WHERE startsWith(id, 'Publication of the watermarks of epoch 1')";
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        await using var server = await stage.NewPostgresAsync("first");
        await using var postgres = NpgsqlDataSource.Create(server.ConnectionString(LiveStage.Database) + ";Pooling=false");
        await RunAsync(postgres, UsersAndEvents);
        await stage.CaptureAsync(server, epoch: 1);
        await PlaceAsync(postgres, from: 1, to: 50);
        await VisibleAsync(stage, postgres, bets: 50);
        using var http = new HttpClient();
        Assert.Empty(
            ConnectorRules.Judge(
                (await http.GetFromJsonAsync<Dictionary<string, string>>(new Uri(stage.Stream.Connect, "/connectors/betting-1/config")))!
            )
        );
        foreach (
            var harmless in new[]
            {
                "ANALYZE",
                "VACUUM",
                "CREATE INDEX by_category ON events (category)",
                "GRANT SELECT ON events TO ingest",
            }
        )
        {
            await RunAsync(postgres, harmless);
        }
        await VisibleAsync(stage, postgres, bets: 50);
        Assert.Equal(0, await stage.CountAsync("SELECT count() FROM reconciliation_requests"));

        var before = await NowAsync(postgres);
        await RunAsync(postgres, "ALTER TABLE events ALTER COLUMN category TYPE text USING 'Rewritten'");
        await Deadline.UntilAsync("the hold", Patience, async () => await stage.CountAsync(Held) == 1);
        Assert.Equal(1, await stage.CountAsync($"SELECT count() FROM data_as_of WHERE data_as_of < toDateTime64('{before}', 6, 'UTC')"));
        // As a run that found everything equal would.
        await stage.ClickHouse.ExecuteNonQueryAsync(
            "INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds"
        );

        await RunAsync(
            postgres,
            "BEGIN; ALTER TABLE events RENAME TO events_x; UPDATE events_x SET status = 'FINISHED'; ALTER TABLE "
                + "events_x RENAME TO events; COMMIT"
        );
        await Deadline.UntilAsync("the second hold", Patience, async () => await stage.CountAsync(Held) == 1);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"of 50 bets {await stage.CountAsync("SELECT countIf(event_category = 'Rewritten') FROM bets_analytics")} show the "
                + $"rewritten category, "
                + $"{await stage.CountAsync("SELECT countIf(event_status = 'FINISHED') FROM bets_analytics")} the status"
        );
        Assert.Empty(stage.Ended);
    }

    static Task PlaceAsync(NpgsqlDataSource postgres, int from, int to) =>
        RunAsync(
            postgres,
            $"INSERT INTO bets SELECT n, 1 + n % 5, 1 + n % 5, 'OPEN', 1.00, NULL, now(), NULL FROM generate_series({from}, {to}) n"
        );

    /// <summary>
    /// All bets are shown, and <c>data_as_of</c> has passed the moment of the call: Kafka Connect has stored a position behind them.
    /// </summary>
    static async Task VisibleAsync(LiveStage stage, NpgsqlDataSource postgres, int bets)
    {
        var now = await NowAsync(postgres);
        await Deadline.UntilAsync("all bets", Patience, async () => await stage.CountAsync("SELECT count() FROM bets_analytics") == bets);
        await Deadline.UntilAsync($"data_as_of behind {now}", Patience, async () =>
            await stage.CountAsync($"SELECT ifNull(data_as_of > toDateTime64('{now}', 6, 'UTC'), 0) FROM data_as_of") > 0
        );
    }

    static Task<long> BetsAsync(LiveStage stage, int from, int to) =>
        stage.CountAsync($"SELECT count() FROM bets_analytics WHERE bet_id BETWEEN {from} AND {to}");

    static async Task<string> NowAsync(NpgsqlDataSource postgres)
    {
        await using var clock = postgres.CreateCommand("SELECT clock_timestamp()::timestamp(6)::text");
        return (string)(await clock.ExecuteScalarAsync())!;
    }

    static async Task RunAsync(NpgsqlDataSource postgres, string sql)
    {
        await using var command = postgres.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
