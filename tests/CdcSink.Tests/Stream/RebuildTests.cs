using System.Globalization;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class RebuildTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    // Wrong columns under the same version, a version that no change has, a bet that never was, and one that is lost.
    static readonly string[] Corruptions =
    [
        "ALTER TABLE bets_analytics_rows UPDATE bet_amount = bet_amount + 1 WHERE bet_id % 7 = 0 SETTINGS mutations_sync = 1",
        "INSERT INTO bets_analytics_rows SELECT * REPLACE (version + bitShiftLeft(toUInt128(1), 120) AS version, 'WRONG' AS "
            + "bet_status) FROM bets_analytics_rows FINAL WHERE bet_id % 11 = 1",
        "INSERT INTO bets_analytics_rows SELECT * REPLACE (bet_id + 1000000 AS bet_id) FROM bets_analytics_rows FINAL WHERE bet_id % "
            + "13 = 2",
        "ALTER TABLE bets_analytics_rows DELETE WHERE bet_id % 5 = 3 SETTINGS mutations_sync = 1",
    ];

    [Fact]
    public async Task Corrupted_rows_are_derived_anew_under_traffic_and_nobody_sees_a_gap()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var recording = Recordings.File("churn-3.6");
        var records = Archive.Read(recording).ToList();
        await using var first = stream.StartWorker(sink.ConnectionString);
        await using var second = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync(records[..3000]);
        await Deadline.UntilAsync("the first part", Limit, () => stream.IsVisibleAsync(sink));
        foreach (var corruption in Corruptions)
        {
            await sink.QueryAsync(corruption);
        }
        using var ended = new CancellationTokenSource();
        var watching = WatchAsync(sink, ended.Token);

        await using (var killed = stream.Start(sink.ConnectionString, "rebuild", "--all", "--CdcSink:JoinBets=20"))
        {
            await Deadline.UntilAsync("a rebuild that fills", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM rebuilds FINAL WHERE stage = 'filling'"))[0] == "1"
            );
            await stream.SendAsync(records[3000..4000]);
            await killed.KillAsync();
        }
        var beside = await stream.VerbAsync(sink.ConnectionString, "rebuild", "--all");
        Assert.True(beside.ExitCode == 1 && beside.Output.Contains("half a minute ago", StringComparison.Ordinal), beside.Output);
        var sending = Task.Run(async () =>
        {
            for (var at = 4000; at < records.Count; at += 50)
            {
                await stream.SendAsync(records.Skip(at).Take(50));
            }
        });
        await Deadline.UntilAsync("a rebuild to its end", Limit, async () =>
            (await stream.VerbAsync(sink.ConnectionString, "rebuild", "--all", "--CdcSink:JoinBets=50")).ExitCode == 0
        );
        await sending;
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        await ended.CancelAsync();
        await watching;
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Equal(
            "bets_analytics_rows",
            Assert.Single(
                await sink.QueryAsync(
                    "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'bets_analytics_rows')"
                )
            )
        );
        Assert.False(first.HasExited || second.HasExited, KafkaStream.Said(first) + KafkaStream.Said(second));
    }

    [Fact]
    public async Task From_a_month_on_older_rows_stay_as_they_are()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns("\"placed_at\":\"2025-11-30T10:00:00.000000Z\"")),
            made.Bet(2, Made.Columns("\"placed_at\":\"2025-12-01T00:00:00.000000Z\"")),
            made.Bet(3, Made.Columns("\"placed_at\":\"2026-01-05T10:00:00.000000Z\"")),
        ]);
        await sink.QueryAsync("ALTER TABLE bets_analytics_rows UPDATE bet_status = 'WRONG' WHERE 1 SETTINGS mutations_sync = 1");

        Assert.Contains(
            "2 bets would be derived anew",
            (await stream.VerbAsync(sink.ConnectionString, "rebuild", "--from-month", "2025-12", "--dry-run")).Output,
            StringComparison.Ordinal
        );
        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "rebuild", "--from-month", "2025-12");

        Assert.True(code == 0, said);
        Assert.Contains("2 bets derived anew", said, StringComparison.Ordinal);
        Assert.Equal(
            ["1|WRONG", "2|OPEN", "3|OPEN"],
            await sink.QueryAsync("SELECT bet_id, bet_status FROM bets_analytics ORDER BY bet_id")
        );
        Assert.Equal(78, (await stream.VerbAsync(sink.ConnectionString, "rebuild")).ExitCode);
        Assert.Equal(78, (await stream.VerbAsync(sink.ConnectionString, "rebuild", "--from-month", "December")).ExitCode);
    }

    [Fact]
    public async Task ClickHouse_killed_while_rows_are_derived_anew_costs_time_and_nothing_else()
    {
        await using var server = new ClickHouseServer(Directory.CreateTempSubdirectory("rebuild-").FullName, FreePort.Take());
        await server.StartAsync();
        var connection = server.ConnectionString("rebuilds");
        await Schema.ClickHouseMigrator.MigrateAsync(connection);
        using var client = new ClickHouseClient(connection);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var recording = Recordings.File("churn-3.6");
        await using var worker = stream.StartWorker(connection);
        await stream.SendAsync(Archive.Read(recording));
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        foreach (var corruption in Corruptions)
        {
            await client.ExecuteNonQueryAsync(corruption);
        }

        await using var rebuild = stream.Start(connection, "rebuild", "--all", "--CdcSink:JoinBets=8");
        await Deadline.UntilAsync("a rebuild that has filled something", Limit, async () =>
            await CountAsync("SELECT count() FROM rebuilds FINAL WHERE stage = 'filling'") == 1
            && await CountAsync(
                "SELECT sum(total_rows) FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'bets_analytics_rows_')"
            ) > 20
        );
        await server.KillAsync();
        Assert.False(rebuild.HasExited, KafkaStream.Said(rebuild));
        await server.StartAsync();

        Assert.True(await rebuild.ExitedWithinAsync(Limit), KafkaStream.Said(rebuild));
        Assert.True(rebuild.ExitCode == 0, KafkaStream.Said(rebuild));
        Assert.Contains("ClickHouse is away", KafkaStream.Said(rebuild), StringComparison.Ordinal);
        await Expected.AssertEqualsAsync(client, recording);

        async Task<long> CountAsync(string sql) =>
            Convert.ToInt64(await client.ExecuteScalarAsync(sql) is { } value and not DBNull ? value : 0, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Bets are deleted one by one here and there, but a swap that loses what was written meanwhile would lose many at once.
    /// </summary>
    static async Task WatchAsync(SinkUnderTest sink, CancellationToken ended)
    {
        var seen = new HashSet<string>();
        while (!ended.IsCancellationRequested)
        {
            // Every bet that the changelog had before the rows were read, and whose last change is no delete.
            var known = (
                await sink.QueryAsync(
                    "SELECT id, max(version) FROM bet_changes GROUP BY id HAVING NOT argMax(deleted, "
                        + "version) AND max(version) < (SELECT max(version) FROM bet_changes) AND id % 5 != 3"
                )
            )
                .Select(row => row.Split('|'))
                .ToDictionary(row => row[0], row => row[1]);
            var rows = (await sink.QueryAsync("SELECT bet_id FROM bets_analytics")).ToHashSet();
            foreach (var (id, version) in known.Where(bet => seen.Contains(bet.Key) && !rows.Contains(bet.Key)))
            {
                // It may have been deleted meanwhile, and have come back since. And one INSERT becomes visible month by month: of a bet
                // that moves to another month, the marker may be seen before the row, for as long as the disk takes.
                if (await IsThereAgainAsync(sink, id, version))
                {
                    continue;
                }
                var stored = await sink.QueryAsync(
                    $"SELECT _part, bet_version, is_deleted, placed_at, user_id, event_id FROM bets_analytics_rows WHERE bet_id = {id}"
                );
                var changes = await sink.QueryAsync(
                    $"SELECT version, deleted, placed_at, user_id, event_id FROM bet_changes WHERE id = {id}"
                );
                var stage = await sink.QueryAsync("SELECT stage, bets_done, heard_at FROM rebuilds FINAL");
                Assert.Fail(
                    $"bet {id} was there and is gone; rows: {string.Join("; ", stored)}; changes: "
                        + $"{string.Join("; ", changes)}; {string.Join("; ", stage)}"
                );
            }
            seen.UnionWith(rows);
        }
    }

    static async Task<bool> IsThereAgainAsync(SinkUnderTest sink, string id, string version)
    {
        try
        {
            await Deadline.UntilAsync($"bet {id}", TimeSpan.FromSeconds(10), async () =>
                (await sink.QueryAsync($"SELECT max(version) FROM bet_changes WHERE id = {id}"))[0] != version
                || (await sink.QueryAsync($"SELECT bet_id FROM bets_analytics WHERE bet_id = {id}")).Count > 0
            );
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
