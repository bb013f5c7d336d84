using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class ConcurrencyTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    [Fact]
    public async Task Answers_are_never_mixed_up_among_selects_inserts_and_failures()
    {
        await _server.ExecuteAsync("CREATE TABLE crowd (id UInt64, name String) ENGINE = MergeTree ORDER BY id");
        var work = Enumerable
            .Range(0, 8)
            .Select(worker =>
                Task.Run(
                    async () =>
                    {
                        for (int round = 0; round < 40; round++)
                            await Run(worker, round);
                    },
                    TestContext.Current.CancellationToken
                )
            );

        await Task.WhenAll(work);

        Assert.Equal(2UL * 40 * 500, await _server.ScalarAsync<ulong>("SELECT uniqExact(id) FROM crowd"));

        async Task Run(int worker, int round)
        {
            ulong token = (ulong)(worker * 1_000_000 + round);
            if (worker < 2)
            {
                var rows = Enumerable.Range(0, 500).Select(row => new object[] { token * 1000 + (ulong)row, $"{worker}" });
                await _server.Client.InsertBinaryAsync(
                    "crowd",
                    ["id", "name"],
                    rows,
                    new InsertOptions(),
                    TestContext.Current.CancellationToken
                );
            }
            else if (worker == 2)
            {
                var error = await Assert.ThrowsAsync<ClickHouseServerException>(() =>
                    _server.Client.ExecuteScalarAsync($"SELECT number, throwIf(number = 70000, 'token {token}') FROM numbers(100000)")
                );
                Assert.Equal(395, error.ErrorCode);
                Assert.Contains($"token {token}", error.Message, StringComparison.Ordinal);
            }
            else
            {
                using var reader = await _server.Client.ExecuteReaderAsync(
                    "SELECT {p:UInt64} AS p, {s:String} AS s, number FROM numbers(100)",
                    ClickHouseProcess.Parameters(("p", token), ("s", $"text {token}"))
                );
                int rows = 0;
                for (; reader.Read(); rows++)
                    Assert.Equal(
                        (token, $"text {token}", (ulong)rows),
                        ((ulong)reader.GetValue(0), reader.GetString(1), (ulong)reader.GetValue(2))
                    );
                Assert.Equal(100, rows);
            }
        }
    }
}
