using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Rebuild;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>A server whose limits a batch, a page or a list exceeds: everything arrives, and no record is put aside.</summary>
public sealed class LimitedServerTests(Servers servers)
{
    const string Renamed = "\"name\":\"renamed\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Twenty_five_thousand_users_in_one_batch_are_there()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();

        await sink.ReplayAsync(Enumerable.Range(100_000, 25_000).Select(id => made.User(id, op: "r", snapshot: "true")));

        Assert.Equal(["25000|25000"], await sink.QueryAsync("SELECT count(), uniqExact(id) FROM user_changes"));
        Assert.Null(sink.Readings.Of("cdcsink.retries", "code=1000"));
    }

    [Theory]
    [InlineData(50_000)]
    [InlineData(1_000)]
    public async Task Twenty_thousand_bets_with_scattered_ids_are_there_and_follow_their_users(int joinBets)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { JoinBets = joinBets });
        var made = new Made();
        var random = new Random(14);
        var ids = Enumerable.Range(0, 20_000).Select(_ => random.NextInt64(1, long.MaxValue)).Distinct().ToList();

        await sink.ReplayAsync(
            ids.Select(id => made.Bet(id, Made.Columns($"\"user_id\":{random.NextInt64(long.MinValue, long.MaxValue)}")))
        );
        await sink.ReplayAsync([
            made.Event(
                1,
                "\"name\":\"renamed\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"LIVE\"",
                "u"
            ),
        ]);

        Assert.Equal(
            [$"{ids.Count}|{ids.Count}|{ids.Count}"],
            await sink.QueryAsync("SELECT count(), uniqExact(bet_id), countIf(event_name = 'renamed') FROM bets_analytics")
        );
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(100)]
    public async Task One_user_with_more_bets_than_a_server_answers_is_renamed(int pathBets)
    {
        // 396 TOO_MANY_ROWS_OR_BYTES: one record, so there is no batch to split.
        await using var sink = await SinkUnderTest.CreateAsync(
            servers,
            new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(10), MaxInlineJoinBets = pathBets },
            "set_max_result_rows=2000"
        );
        var made = new Made();
        for (var batch = 0; batch < 5; batch++)
        {
            await sink.ReplayAsync([.. Enumerable.Range(1 + batch * 300, 300).Select(id => made.Bet(id, Made.Columns()))]);
            // A second version of each: more rows than bets.
            await sink.ReplayAsync([
                .. Enumerable.Range(1 + batch * 300, 300).Select(id => made.Bet(id, Made.Columns("\"amount\":\"20.00\""), "u")),
            ]);
        }

        await sink.ReplayAsync([made.User(1, Renamed, "u")]);

        Assert.Equal(
            ["1500|1500|renamed"],
            await sink.QueryAsync("SELECT count(), uniqExact(bet_id), any(user_name) FROM bets_analytics WHERE user_name = 'renamed'")
        );
        Assert.True(sink.Readings.Of("cdcsink.retries", "code=396") > 0, "the limit was never reached");
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [InlineData(1001)]
    [InlineData(49)]
    [InlineData(987)]
    public async Task A_failure_that_is_not_known_waits_with_its_record_and_is_never_taken_for_bad_data(int code)
    {
        await using var sink = await SinkUnderTest.CreateAsync(
            servers,
            new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(10) },
            "set_allow_custom_error_code_in_throwif=1"
        );
        await sink.Client.ExecuteNonQueryAsync(
            $"ALTER TABLE bet_changes ADD CONSTRAINT strange CHECK throwIf(id = 13, 'strange', toInt32({code})) = 0"
        );
        var made = new Made();

        var applying = sink.ReplayAsync([.. Enumerable.Range(1, 64).Select(id => made.Bet(id, Made.Columns()))]);
        // Halved down to one record, it is sent again and again.
        await Deadline.UntilAsync("many attempts", Limit, () => Task.FromResult(sink.Readings.Of("cdcsink.retries", $"code={code}") >= 40));
        Assert.False(applying.IsCompleted);
        Assert.Equal(["12"], await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id < 13"));
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes DROP CONSTRAINT strange");
        await applying.WaitAsync(Limit);

        Assert.Equal(["64|64"], await sink.QueryAsync("SELECT count(), uniqExact(bet_id) FROM bets_analytics"));
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [InlineData("")]
    [InlineData(";set_max_partitions_per_insert_block=7")]
    public async Task Rows_of_more_months_than_a_server_takes_at_once_are_derived_anew(string settings)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1),
            .. Enumerable
                .Range(0, 240)
                .Select(month =>
                    made.Bet(
                        month + 1,
                        Made.Columns(
                            FormattableString.Invariant($"\"placed_at\":\"{2000 + month / 12}-{1 + month % 12:D2}-01T00:00:00.000000Z\"")
                        )
                    )
                ),
        ]);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bets_analytics_rows DELETE WHERE bet_id % 3 = 0 SETTINGS mutations_sync = 2");
        using var limited = new global::ClickHouse.Driver.ClickHouseClient(sink.ConnectionString + settings);
        using var changes = new ChangeStore(limited);
        using var store = new RebuildStore(limited, "months");
        var said = new List<string>();

        Assert.Equal(
            240,
            await new RowsRebuild(store, changes, null, 1_000, TimeProvider.System, said.Add).RunAsync(CancellationToken.None)
        );

        Assert.Equal(
            ["240|240|240"],
            await sink.QueryAsync("SELECT count(), uniqExact(bet_id), countIf(user_name = 'Ada') FROM bets_analytics")
        );
        Assert.DoesNotContain(said, line => line.Contains("252", StringComparison.Ordinal));
    }
}
