using Betting.Connections;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>Whatever a user's profile says, a worker's statements run with the settings that they were written for.</summary>
public sealed class SentSettingTests(Servers servers)
{
    [Fact]
    public async Task Each_setting_that_changes_answers_is_sent_with_each_statement()
    {
        var server = await servers.ClickHouseAsync();
        using var client = new ClickHouseClient(ClickHouseSettings.Of(server.ConnectionString()));
        var changed = new Dictionary<string, string>();
        await using var rows = await client.ExecuteReaderAsync("SELECT name, value FROM system.settings WHERE changed");
        while (await rows.ReadAsync())
        {
            changed[rows.GetString(0)] = rows.GetString(1);
        }

        Assert.All(ClickHouseSettings.Sent, setting => Assert.Equal(setting.Value.ToString(), changed.GetValueOrDefault(setting.Key)));
    }

    [Fact]
    public async Task A_statement_that_says_another_value_has_it()
    {
        var server = await servers.ClickHouseAsync();
        using var client = new ClickHouseClient(ClickHouseSettings.Of(server.ConnectionString()));

        Assert.Equal(
            "1",
            (await client.ExecuteScalarAsync("SELECT toString(getSetting('final')) SETTINGS final = 1"))
                ?.ToString()
                ?.Replace("true", "1", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("set_max_rows_in_distinct=10;set_distinct_overflow_mode=break")]
    [InlineData("set_max_rows_in_set=10;set_set_overflow_mode=break")]
    public async Task A_profile_that_cuts_answers_makes_a_statement_fail_and_no_part_of_an_answer_comes(string profile)
    {
        var server = await servers.ClickHouseAsync();
        using var client = new ClickHouseClient(ClickHouseSettings.Of($"{server.ConnectionString()};{profile};set_max_block_size=16"));

        var failure = await Assert.ThrowsAsync<ClickHouseServerException>(async () =>
            await client.ExecuteScalarAsync(
                "SELECT count() FROM (SELECT DISTINCT number FROM numbers(1000) WHERE number IN (SELECT number FROM numbers(500)))"
            )
        );
        Assert.Contains("Limit for", failure.Message, StringComparison.Ordinal);
    }
}
