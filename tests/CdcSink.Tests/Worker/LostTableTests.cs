using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>
/// The worker's process in front of a ClickHouse that has lost tables or views, and what its metrics say about the disks.
/// </summary>
public sealed class LostTableTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("user_changes")]
    [InlineData("bets_by_event_feed")]
    public async Task A_worker_that_starts_without_a_table_or_a_feed_ends_with_one_line_that_names_it(string lost)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync($"DROP TABLE {lost} SYNC");
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);

        var (code, said) = await worker.EndedAsync();

        Assert.Equal(1, code);
        AssertSaidOnce(said, lost);
        Assert.DoesNotContain(said.Split('\n'), line => line.StartsWith("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_feed_that_is_lost_while_the_worker_runs_ends_it_with_the_same_line_and_holds_data_as_of()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);
        var made = new Made();
        await stream.SendAsync([made.Event(1), made.User(1), made.Bet(1, Made.Columns())]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        await Deadline.UntilAsync("a look at the tables", Limit, async () => await worker.MetricAsync("cdcsink_schema_faults") == 0);

        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bets_by_user_feed SYNC");
        var (code, said) = await worker.EndedAsync();

        Assert.Equal(1, code);
        AssertSaidOnce(said, "bets_by_user_feed");
        Assert.Single(said.Split('\n'), line =>
            line.Contains(": lost, so what was written", StringComparison.Ordinal)
            && line.Contains("data_as_of is held", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(said.Split('\n'), line => line.StartsWith("   at ", StringComparison.Ordinal));
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM holds WHERE endsWith(id, 'bets_by_user_feed is missing')"));
    }

    [Fact]
    public async Task A_lost_summary_or_view_is_reported_and_counted_while_the_stream_goes_on_and_so_is_its_return()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE summary_by_day SYNC");
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);
        var made = new Made();
        await stream.SendAsync([made.Event(1), made.User(1), made.Bet(1, Made.Columns())]);

        await Deadline.UntilAsync("the fault", Limit, async () => await worker.MetricAsync("cdcsink_schema_faults") == 1);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        Assert.Single(worker.Outages.Lines(), line =>
            line.Contains("ERR ", StringComparison.Ordinal) && line.Contains("summary_by_day is missing. See", StringComparison.Ordinal)
        );

        await ClickHouseMigrator.MigrateAsync(sink.ConnectionString);
        await Deadline.UntilAsync("no fault", Limit, async () => await worker.MetricAsync("cdcsink_schema_faults") == 0);
        await Deadline.UntilAsync("the line that says so", Limit, () =>
            Task.FromResult(worker.Outages.Lines().Any(line => line.Contains("All tables and views", StringComparison.Ordinal)))
        );
    }

    [Fact]
    public async Task Every_disk_has_a_size_and_what_is_free_of_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);

        foreach (var disk in new[] { "default", "cold" })
        {
            await Deadline.UntilAsync("the disk " + disk, Limit, async () =>
                await worker.MetricAsync("cdcsink_disk_free_bytes", $"disk=\"{disk}\"") > 0
            );
            var (free, size) = (
                await worker.MetricAsync("cdcsink_disk_free_bytes", $"disk=\"{disk}\""),
                await worker.MetricAsync("cdcsink_disk_size_bytes", $"disk=\"{disk}\"")
            );
            Assert.InRange(free!.Value, 1, size!.Value);
        }
    }

    static SinkProcess Start(KafkaStream stream, string clickHouse)
    {
        var (setting, address) = SinkProcess.Listening();
        return new SinkProcess(stream.StartWorker(clickHouse, setting), address);
    }

    // Once in the log, and once on standard error.
    static void AssertSaidOnce(string said, string lost)
    {
        var lines = said.Split('\n')
            .Where(line => line.Contains($"{lost} is missing: see {SchemaCheck.Runbook}", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(2, lines.Count);
        Assert.Single(lines, line => line.StartsWith("CdcSink: storage failed: ", StringComparison.Ordinal));
    }
}
