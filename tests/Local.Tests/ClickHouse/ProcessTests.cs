using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

/// <summary>Starting, stopping and being killed.</summary>
public sealed class ProcessTests : IDisposable
{
    static readonly string[] Databases = ["default", "own"];
    readonly string _folder = Directory.CreateTempSubdirectory("local-clickhouse-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_answered_before_a_kill_is_there_after_the_restart()
    {
        long acknowledged = 0;
        await using (var first = await ClickHouseProcess.StartAsync(_folder))
        {
            await first.ExecuteAsync("CREATE DATABASE own");
            foreach (string database in Databases)
                await first.ExecuteAsync($"CREATE TABLE {database}.t (id UInt64, name String) ENGINE = ReplacingMergeTree ORDER BY id");
            await first.ExecuteAsync("CREATE VIEW own.v AS SELECT count() AS n FROM own.t");

            var inserting = Task.Run(
                async () =>
                {
                    for (long batch = 0; ; batch++)
                    {
                        foreach (string database in Databases)
                            (await first.InsertAsync($"INSERT INTO {database}.t FORMAT TSV", Rows(batch))).EnsureSuccessStatusCode();
                        Interlocked.Exchange(ref acknowledged, batch + 1);
                    }
                },
                TestContext.Current.CancellationToken
            );
            await Eventually.TrueAsync(() => Task.FromResult(Interlocked.Read(ref acknowledged) > 20), "some batches are in");
            await first.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => inserting);
        }

        await using var second = await ClickHouseProcess.StartAsync(_folder);
        foreach (string database in Databases)
        {
            ulong there = await second.ScalarAsync<ulong>($"SELECT uniqExact(id) FROM {database}.t");
            Assert.True(there >= (ulong)acknowledged * 100, $"{database}: {there} rows of {acknowledged * 100}");
            Assert.Equal(0UL, there % 100);
        }

        Assert.True(await second.ScalarAsync<ulong>("SELECT n FROM own.v") > 0);
        await second.ExecuteAsync("INSERT INTO own.t VALUES (1000000000, 'goes on')");
    }

    [Fact]
    public async Task A_second_process_on_the_same_folder_is_refused_with_one_line()
    {
        await using var first = await ClickHouseProcess.StartAsync(_folder);

        await using var second = ClickHouseProcess.Launch(_folder);

        Assert.True(await second.ExitedWithinAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, second.ExitCode);
        string line = Assert.Single(await File.ReadAllLinesAsync(second.LogFile, TestContext.Current.CancellationToken), text =>
            text.Length > 0
        );
        Assert.Contains("in use by another process", line, StringComparison.Ordinal);
        Assert.Equal(1, await first.ScalarAsync<int>("SELECT 1"));
    }

    [Fact]
    public async Task A_stop_waits_for_the_query_under_way()
    {
        await using var server = await ClickHouseProcess.StartAsync(_folder, "--stop-timeout", "60");
        var slow = server.PostAsync("SELECT sleep(2), 'done'", "query_id=slow");
        await Eventually.TrueAsync(
            async () => await server.ScalarAsync<int>("SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'slow'") == 1,
            "it runs"
        );

        bool stopped = await server.StopAsync();

        using var answer = await slow;
        Assert.Equal("0\tdone\n", await answer.Content.ReadAsStringAsync());
        Assert.True(stopped);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_query_longer_than_told()
    {
        await using var server = await ClickHouseProcess.StartAsync(_folder, "--stop-timeout", "1");
        await server.ExecuteAsync("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n");
        var endless = server.PostAsync(
            "INSERT INTO t SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
            "query_id=endless"
        );
        await Eventually.TrueAsync(
            async () =>
                await server.ScalarAsync<int>("SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'endless'") == 1,
            "it runs"
        );

        Assert.True(await server.StopAsync());
        // Its client sees the connection end, or the error if that got through before.
        var broken = await Record.ExceptionAsync(async () => (await endless).EnsureSuccessStatusCode());
        Assert.IsAssignableFrom<HttpRequestException>(broken);
    }

    [Fact]
    public async Task Queries_beyond_the_limit_wait_and_then_are_refused()
    {
        await using var server = await ClickHouseProcess.StartAsync(_folder, "--max-concurrent", "2", "--queue-timeout", "1");
        var slow = Enumerable.Range(0, 2).Select(_ => server.PostAsync("SELECT sleep(2.9)")).ToArray();
        await Eventually.TrueAsync(
            async () =>
            {
                using var refused = await server.PostAsync("SELECT 1");
                return ClickHouseProcess.CodeOf(refused) == 202;
            },
            "a query is refused"
        );

        foreach (var answer in slow)
            Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
        using var waited = await server.PostAsync("SELECT 1");
        Assert.Equal("1\n", await waited.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_memory_limit_holds_and_the_server_lives()
    {
        await using var server = await ClickHouseProcess.StartAsync(_folder, "--memory-limit", "600000000");

        using var greedy = await server.PostAsync("SELECT groupArray(repeat('x', 1000)) FROM numbers(2000000) FORMAT Null");

        Assert.Equal(241, ClickHouseProcess.CodeOf(greedy));
        Assert.Equal(1, await server.ScalarAsync<int>("SELECT 1"));
    }

    [Fact]
    public async Task A_size_may_have_a_unit()
    {
        await using var server = await ClickHouseProcess.StartAsync(_folder, "--memory-limit", "700 MiB", "--max-body", "64MiB");

        Assert.Equal(
            (700L << 20).ToString(CultureInfo.InvariantCulture),
            await server.ScalarAsync<string>("SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'")
        );
    }

    [Theory]
    [InlineData("--memory-limit", "400MB")]
    [InlineData("--memory-limit", "much")]
    [InlineData("--memory-limit", "-1")]
    [InlineData("--memory-limit", "9000000TiB")]
    [InlineData("--max-body", "")]
    [InlineData("--max-statement", "4GiB")]
    [InlineData("--max-request-line", "10")]
    [InlineData("--port", "http")]
    [InlineData("--port", "70000")]
    [InlineData("--max-concurrent", "1.5")]
    [InlineData("--queue-timeout", "10s")]
    public async Task A_value_that_is_none_or_out_of_its_range_is_named_in_one_line(string option, string value)
    {
        await using var process = ClickHouseProcess.Launch(_folder, option, value);

        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, process.ExitCode);
        var said = await File.ReadAllLinesAsync(process.LogFile, TestContext.Current.CancellationToken);
        Assert.Single(said, line =>
            line.StartsWith($"{option} takes ", StringComparison.Ordinal) && line.EndsWith($"not '{value}'.", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(said, line => line.StartsWith("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_library_that_is_not_there_is_said_in_one_line()
    {
        await using var process = ClickHouseProcess.Launch(_folder, "--lib", "/no/such/libchdb.so");

        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, process.ExitCode);
    }

    static byte[] Rows(long batch) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 100).Select(row => $"{batch * 100 + row}\trow {row}\n")));
}
