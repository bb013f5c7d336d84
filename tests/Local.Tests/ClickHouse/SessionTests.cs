using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class SessionTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    [Fact]
    public async Task A_temporary_table_lives_in_its_session_alone()
    {
        using var session = new ClickHouseClient(_server.Settings + ";UseSession=true");
        await session.ExecuteNonQueryAsync("CREATE TEMPORARY TABLE mine (a UInt8)");
        await session.ExecuteNonQueryAsync("INSERT INTO mine VALUES (5)");

        Assert.Equal((byte)5, await session.ExecuteScalarAsync("SELECT a FROM mine"));
        var error = await Assert.ThrowsAsync<ClickHouseServerException>(() => _server.Client.ExecuteScalarAsync("SELECT a FROM mine"));
        Assert.Equal(60, error.ErrorCode);
    }

    [Fact]
    public async Task A_failed_query_leaves_nothing_for_the_next_of_its_session()
    {
        const string session = "session_id=after-failure";
        (await _server.PostAsync("CREATE TEMPORARY TABLE kept (a UInt8)", session)).Dispose();
        using var failed = await _server.PostAsync(
            "SELECT number, throwIf(number = 70000) FROM numbers(100000) SETTINGS max_block_size = 1000",
            session + "&wait_end_of_query=1"
        );

        using var next = await _server.PostAsync("SELECT count() FROM kept", session);

        Assert.Equal(395, ClickHouseProcess.CodeOf(failed));
        Assert.Equal("0\n", await next.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_session_takes_one_query_at_a_time()
    {
        var slow = _server.PostAsync("SELECT sleep(1)", "session_id=busy&query_id=busy");
        await Eventually.TrueAsync(
            async () => await _server.ScalarAsync<int>("SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'busy'") == 1,
            "it runs"
        );

        using var second = await _server.PostAsync("SELECT 1", "session_id=busy");

        Assert.Equal(373, ClickHouseProcess.CodeOf(second));
        (await slow).Dispose();
        using var third = await _server.PostAsync("SELECT 1", "session_id=busy");
        Assert.Equal("1\n", await third.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_session_ends_when_told_to_or_after_its_timeout()
    {
        (await _server.PostAsync("SELECT 1", "session_id=closed&close_session=1")).Dispose();
        (await _server.PostAsync("SELECT 1", "session_id=expired&session_timeout=0")).Dispose();

        using var closed = await _server.PostAsync("SELECT 1", "session_id=closed&session_check=1");

        Assert.Equal(372, ClickHouseProcess.CodeOf(closed));
        await Eventually.TrueAsync(
            async () =>
            {
                using var expired = await _server.PostAsync("SELECT 1", "session_id=expired&session_check=1&session_timeout=0");
                return ClickHouseProcess.CodeOf(expired) == 372;
            },
            "the session expires"
        );
    }
}
