using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class RefusalTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    [Theory]
    [InlineData("SELECT * FROM no_such_table", 60, HttpStatusCode.NotFound)]
    [InlineData("SELECT no_such_column", 47, HttpStatusCode.NotFound)]
    [InlineData("SELEC 1", 62, HttpStatusCode.BadRequest)]
    [InlineData("1 + 1", 62, HttpStatusCode.BadRequest)]
    [InlineData("SELECT 1 SETTINGS no_such_setting = 1", 115, HttpStatusCode.NotFound)]
    [InlineData(
        "SELECT sleep(3) SETTINGS max_execution_time = 0.1, function_sleep_max_microseconds_per_block = 10000000",
        159,
        HttpStatusCode.RequestTimeout
    )]
    [InlineData("SELECT 1; SELECT 2", 62, HttpStatusCode.BadRequest)]
    [InlineData("CREATE USER somebody", 497, HttpStatusCode.InternalServerError)]
    [InlineData("CREATE TABLE r (a UInt8) ENGINE = ReplicatedMergeTree('/r', '1') ORDER BY a", 225, HttpStatusCode.InternalServerError)]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/never'", 358, HttpStatusCode.InternalServerError)]
    [InlineData("INSERT INTO FUNCTION null('a String') FROM INFILE '/etc/passwd' FORMAT TSV", 78, HttpStatusCode.NotFound)]
    [InlineData("INSERT INTO FUNCTION null('a UInt8') SELECT * FROM input('a UInt8') FORMAT TSV", 48, HttpStatusCode.NotImplemented)]
    public async Task A_statement_that_fails_has_clickhouses_code_and_status(string sql, int code, HttpStatusCode status)
    {
        using var answer = await _server.PostAsync(sql);

        Assert.Equal((code, status), (ClickHouseProcess.CodeOf(answer), answer.StatusCode));
        Assert.StartsWith($"Code: {code}. DB::Exception: ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no_such_setting=1", 115)]
    [InlineData("max_threads=many", 27)]
    [InlineData("a%20%3D%201%2C%20b=1", 115)]
    [InlineData("database=no_such_database", 81)]
    [InlineData("database=no`such", 81)]
    [InlineData("compress=1", 48)]
    [InlineData("decompress=1", 48)]
    [InlineData("role=admin", 48)]
    [InlineData("user=somebody", 516)]
    [InlineData("session_id=a&session_timeout=forever", 374)]
    [InlineData("session_id=never-there&session_check=1", 372)]
    [InlineData("default_format=NoSuchFormat", 73)]
    public async Task A_parameter_that_cannot_be_met_is_an_error(string query, int code)
    {
        using var answer = await _server.PostAsync("SELECT 1", query);

        Assert.Equal(code, ClickHouseProcess.CodeOf(answer));
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("snappy")]
    public async Task An_unknown_compression_is_an_error(string encoding)
    {
        using var answer = await _server.InsertAsync("INSERT INTO FUNCTION null('a UInt8') FORMAT TSV", [1], encoding);

        Assert.Equal(89, ClickHouseProcess.CodeOf(answer));
    }

    [Fact]
    public async Task A_user_that_is_not_there_is_refused()
    {
        using var client = new ClickHouseClient(
            _server.Settings.Replace("Username=default", "Username=reader;Password=x", StringComparison.Ordinal)
        );
        var error = await Assert.ThrowsAsync<ClickHouseServerException>(() => client.ExecuteScalarAsync("SELECT 1"));
        Assert.Equal(516, error.ErrorCode);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/?query=SELECT+1");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("default:")));
        using var answer = await _server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_query_id_under_way_is_not_taken_twice()
    {
        var slow = _server.PostAsync("SELECT sum(sleepEachRow(0.05)) FROM numbers(1000) SETTINGS max_block_size = 1", "query_id=twice");
        await Eventually.TrueAsync(
            async () => await _server.ScalarAsync<int>("SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'twice'") == 1,
            "it runs"
        );

        using var second = await _server.PostAsync("SELECT 1", "query_id=twice");
        using var kill = await _server.PostAsync("KILL QUERY WHERE Settings['log_comment'] = 'twice' SYNC");
        using var first = await slow;

        Assert.Equal(216, ClickHouseProcess.CodeOf(second));
    }

    [Fact]
    public async Task The_health_addresses_answer()
    {
        foreach (string path in new[] { "/ping", "/replicas_status", "/" })
            Assert.Equal("Ok.\n", await _server.Http.GetStringAsync(path, TestContext.Current.CancellationToken));
        Assert.True(await _server.Client.PingAsync());
        using var unknown = await _server.Http.GetAsync("/play-no", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }
}
