using System.Net;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class SelectTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    [Fact]
    public async Task Four_million_rows_are_read_in_bounded_memory()
    {
        const string sql = "SELECT number, repeat(toString(number), 40) FROM numbers(4000000) SETTINGS max_block_size = 8192";
        long before = _server.Memory();
        long most = 0;
        ulong sum = 0;

        using (var reader = await _server.Client.ExecuteReaderAsync(sql))
        {
            for (int row = 0; reader.Read(); row++)
            {
                sum += (ulong)reader.GetValue(0);
                if (row % 100_000 == 0)
                    most = Math.Max(most, _server.Memory());
            }
        }

        Assert.Equal(3_999_999UL * 2_000_000UL, sum);
        // The result is 1.1 GB; the engine keeps what it has freed for some seconds, and two blocks are under way.
        Assert.InRange(most - before, long.MinValue, 300L << 20);
    }

    [Fact]
    public async Task A_reader_that_stands_still_makes_the_query_wait()
    {
        using var answer = await _server.Http.GetAsync(
            $"/?query={Uri.EscapeDataString("SELECT number FROM numbers(1000000000)")}&query_id=stands-still",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );
        ulong read = 0;
        int same = 0;

        // It has sent what the sockets hold, and then reads no further.
        await Eventually.TrueAsync(
            async () =>
            {
                ulong now = await ProcessedAsync("stands-still");
                same = now == read && now > 0 ? same + 1 : 0;
                read = now;
                return same > 10;
            },
            "the query waits"
        );

        Assert.InRange(read, 1UL, 50_000_000UL);
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_query()
    {
        using var gone = new CancellationTokenSource();
        var query = _server.Http.PostAsync(
            "/?query_id=abandoned",
            new StringContent("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"),
            gone.Token
        );
        await Eventually.TrueAsync(async () => await RunningAsync("abandoned") == 1, "the query runs");

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        await Eventually.TrueAsync(async () => await RunningAsync("abandoned") == 0, "the query is cancelled");
    }

    [Fact]
    public async Task A_client_that_goes_away_amid_the_result_cancels_its_query()
    {
        var answer = await _server.Http.GetAsync(
            $"/?query={Uri.EscapeDataString("SELECT number FROM numbers(1000000000000)")}&query_id=left",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );
        await Eventually.TrueAsync(async () => await RunningAsync("left") == 1, "the query runs");

        answer.Dispose();

        await Eventually.TrueAsync(async () => await RunningAsync("left") == 0, "the query is cancelled");
    }

    [Fact]
    public async Task An_error_amid_the_result_reaches_the_driver_with_its_code()
    {
        var error = await Assert.ThrowsAsync<ClickHouseServerException>(async () =>
        {
            using var reader = await _server.Client.ExecuteReaderAsync(
                "SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 10000"
            );
            while (reader.Read()) { }
        });

        Assert.Equal(395, error.ErrorCode);
    }

    [Fact]
    public async Task An_error_amid_the_result_breaks_the_answer_off()
    {
        using var answer = await _server.Http.GetAsync(
            $"/?query={Uri.EscapeDataString("SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 10000 FORMAT RowBinary")}",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_error_in_the_first_block_has_a_status()
    {
        using var answer = await _server.PostAsync("SELECT throwIf(number = 5) FROM numbers(10)");

        Assert.Equal((HttpStatusCode.InternalServerError, 395), (answer.StatusCode, ClickHouseProcess.CodeOf(answer)));
    }

    [Fact]
    public async Task With_wait_end_of_query_a_late_error_has_a_status_too()
    {
        using var answer = await _server.PostAsync(
            "SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 10000",
            "wait_end_of_query=1"
        );

        Assert.Equal((HttpStatusCode.InternalServerError, 395), (answer.StatusCode, ClickHouseProcess.CodeOf(answer)));
    }

    [Theory]
    [InlineData("RowBinaryWithNamesAndTypes")]
    [InlineData("RowBinary")]
    [InlineData("TSV")]
    [InlineData("CSV")]
    [InlineData("JSONEachRow")]
    [InlineData("JSONCompactEachRow")]
    [InlineData("TSKV")]
    [InlineData("MsgPack")]
    [InlineData("CSVWithNames")]
    [InlineData("Values")]
    public async Task A_streamed_result_is_byte_for_byte_the_whole_one(string format)
    {
        string sql =
            $"SELECT number, toString(number) AS text, [number] AS list FROM numbers(300000) ORDER BY number SETTINGS "
            + $"max_block_size = 7000 FORMAT {format}";

        using var streamed = await _server.PostAsync(sql);
        using var whole = await _server.PostAsync(sql, "wait_end_of_query=1");

        Assert.Equal(await whole.Content.ReadAsByteArrayAsync(), await streamed.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("TSV")]
    [InlineData("JSONEachRow")]
    public async Task Totals_are_not_lost_by_streaming(string format)
    {
        string sql = $"SELECT number % 3 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k FORMAT {format}";

        using var streamed = await _server.PostAsync(sql);
        using var whole = await _server.PostAsync(sql, "wait_end_of_query=1");

        Assert.Equal(await whole.Content.ReadAsStringAsync(), await streamed.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task An_answer_is_compressed_for_who_asks(string encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/?enable_http_compression=1")
        {
            Content = new StringContent("SELECT intDiv(number, 100) FROM numbers(200000)"),
        };
        request.Headers.AcceptEncoding.ParseAdd(encoding);

        using var answer = await _server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        using var plain = await _server.PostAsync("SELECT intDiv(number, 100) FROM numbers(200000)");

        Assert.Equal([encoding], answer.Content.Headers.ContentEncoding);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.InRange((await answer.Content.ReadAsByteArrayAsync()).Length, 1, (await plain.Content.ReadAsByteArrayAsync()).Length / 2);
    }

    [Fact]
    public async Task An_empty_result_has_its_columns()
    {
        using var reader = await _server.Client.ExecuteReaderAsync("SELECT 1 AS a, 'x' AS b FROM numbers(0)");

        Assert.Equal(2, reader.FieldCount);
        Assert.False(reader.Read());
    }

    [Fact]
    public async Task The_database_and_the_settings_of_a_request_are_its_own()
    {
        await _server.ExecuteAsync("CREATE DATABASE IF NOT EXISTS elsewhere");
        using var set = await _server.PostAsync(
            "SELECT currentDatabase(), getSetting('max_threads') FORMAT TSV",
            "database=elsewhere&max_threads=1"
        );
        using var other = await _server.PostAsync("SELECT currentDatabase(), getSetting('max_threads') = 1 FORMAT TSV");

        Assert.Equal("elsewhere\t1\n", await set.Content.ReadAsStringAsync());
        Assert.Equal("default\tfalse\n", (await other.Content.ReadAsStringAsync()).Replace("\t0\n", "\tfalse\n", StringComparison.Ordinal));
    }

    Task<int> RunningAsync(string queryId) =>
        _server.ScalarAsync<int>($"SELECT count() FROM system.processes WHERE Settings['log_comment'] = '{queryId}'");

    Task<ulong> ProcessedAsync(string queryId) =>
        _server.ScalarAsync<ulong>($"SELECT sum(read_rows) FROM system.processes WHERE Settings['log_comment'] = '{queryId}'");
}
