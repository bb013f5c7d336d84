using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Storage;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink.Storage;

/// <summary>Tables and feeding views that ClickHouse loses while the worker runs, look by look.</summary>
public sealed class StorageWatchTests(Servers servers) : IDisposable
{
    const string Requests = "SELECT id LIKE 'lost at %', answered, toString(holds_from) FROM reconciliation_requests FINAL";

    readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    [Theory]
    [InlineData("bets_by_user_feed")]
    [InlineData("bets_by_event_feed")]
    [InlineData("bet_changes")]
    [InlineData("last_watermarks")]
    public async Task What_is_lost_while_the_worker_runs_holds_data_as_of_where_it_was_when_all_was_there_and_ends_the_worker(string lost)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        var watch = WatchOf(sink, store);
        await VisibleAsync(sink, "2026-01-01 10:00:00", 1);
        await LookAsync(watch);
        await VisibleAsync(sink, "2026-01-01 10:00:10", 2);
        await LookAsync(watch);
        Assert.Empty(await sink.QueryAsync(Requests));

        await sink.Client.ExecuteNonQueryAsync($"DROP TABLE {lost} SYNC");
        await VisibleAsync(sink, "2026-01-01 10:00:20", 3);
        var ended = await Assert.ThrowsAsync<SchemaException>(() => LookAsync(watch));

        Assert.Equal($"{lost} is missing: see {SchemaCheck.Runbook}", ended.Message);
        Assert.Equal(["1|0|2026-01-01 10:00:00.000000"], await sink.QueryAsync(Requests));
        Assert.Equal(["2026-01-01 10:00:00.000000"], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
    }

    [Fact]
    public async Task A_worker_that_is_ended_by_a_lost_table_before_the_next_look_holds_data_as_of_all_the_same()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        using var readings = new Readings(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var watch = WatchOf(sink, store);
        await VisibleAsync(sink, "2026-01-01 10:00:00", 1);
        using var stopping = new CancellationTokenSource();
        var running = watch.RunAsync(stopping.Token);
        await Deadline.UntilAsync("the end of its first look", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(readings.Of("cdcsink.disk.size", "disk=default") > 0)
        );
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bets_analytics_rows SYNC");

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Assert.Equal(["1|0"], (await sink.QueryAsync(Requests)).ConvertAll(row => row[..3]));
    }

    [Fact]
    public async Task A_loss_before_the_second_look_leaves_nothing_proven()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        var watch = WatchOf(sink, store);
        await VisibleAsync(sink, "2026-01-01 10:00:00", 1);
        await LookAsync(watch);

        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bets_by_user_feed SYNC");
        await Assert.ThrowsAsync<SchemaException>(() => LookAsync(watch));

        Assert.Equal(["NULL"], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
    }

    [Fact]
    public async Task A_worker_that_starts_without_a_table_that_was_there_asks_once_however_often_it_is_started_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await VisibleAsync(sink, "2026-01-01 10:00:00", 1);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bets_by_user_feed SYNC");
        for (var start = 0; start < 3; start++)
        {
            await Assert.ThrowsAsync<SchemaException>(() => LookAsync(WatchOf(sink, store)));
        }
        Assert.Equal(["1|0|2026-01-01 10:00:00.000000"], await sink.QueryAsync(Requests));
    }

    [Fact]
    public async Task A_worker_that_starts_before_migrate_has_made_its_tables_asks_for_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bets_by_user_feed SYNC");
        await sink.Client.ExecuteNonQueryAsync(
            "DELETE FROM schema_files WHERE name = (SELECT max(name) FROM schema_files WHERE name LIKE '0%')"
        );
        await Assert.ThrowsAsync<SchemaException>(() => LookAsync(WatchOf(sink, store)));
        Assert.Empty(await sink.QueryAsync(Requests));
    }

    [Fact]
    public async Task Where_the_request_itself_cannot_be_recorded_the_worker_ends_all_the_same()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        var watch = WatchOf(sink, store);
        await LookAsync(watch);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE reconciliation_requests SYNC");
        var ended = await Assert.ThrowsAsync<SchemaException>(() => LookAsync(watch));
        Assert.StartsWith("reconciliation_requests is missing", ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_view_or_summary_holds_nothing_and_the_worker_goes_on()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        var watch = WatchOf(sink, store);
        await LookAsync(watch);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bet_marks SYNC");
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_day_refresh SYNC");
        await LookAsync(watch);
        await LookAsync(watch);
        Assert.Empty(await sink.QueryAsync(Requests));
    }

    public void Dispose() => _services.Dispose();

    static Task LookAsync(StorageWatch watch) => watch.PollAsync(CancellationToken.None, CancellationToken.None);

    static async Task VisibleAsync(SinkUnderTest sink, string moment, int version) =>
        await sink.QueryAsync($"INSERT INTO visible_watermarks (as_of, version) VALUES ('{moment}', {version})");

    StorageWatch WatchOf(SinkUnderTest sink, ChangeStore store) =>
        new(
            new StorageStore(sink.Client),
            store,
            new StorageMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), TimeProvider.System),
            new Heartbeats(TimeProvider.System),
            TimeProvider.System,
            NullLogger<StorageWatch>.Instance
        );
}
