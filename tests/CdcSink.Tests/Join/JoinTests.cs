using System.Text;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Tests.CdcSink.Model;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

/// <summary>
/// One rule, written three times: the worker's join, the statement inside ClickHouse, and the model. They agree on random changes in random
/// order.
/// </summary>
public sealed class JoinTests(Servers servers)
{
    const string Everything = """
        SELECT DISTINCT bet_id, bet_status, bet_amount, payout, toUnixTimestamp64Micro(placed_at), toUnixTimestamp64Micro(settled_at),
            user_id, user_name, toUnixTimestamp64Micro(user_created_at),
            event_id, event_name, event_category, toUnixTimestamp64Micro(event_start_time), event_status, bet_version, user_version,
            event_version, toString(version), is_deleted, marks
        FROM bets_analytics_rows
        """;

    [Fact]
    public async Task The_join_and_the_model_agree()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            await using var sink = await SinkUnderTest.CreateAsync(servers);
            var random = new Random(seed);
            var model = new JoinModel(VersionRule.Right);
            var changes = new Source(random).Partitions.Values.SelectMany(partition => partition).ToArray();
            random.Shuffle(changes);
            foreach (var part in changes.Chunk(60))
            {
                model.Insert(part);
                using var batch = new ChangeBatch();
                foreach (var change in part)
                {
                    Add(batch.Rows, change);
                }
                await sink.InsertChangesAsync(batch);
                await sink.JoinAsync(model.AllBets());
                model.InsertRows(model.Join(model.AllBets()));
                var rows = await sink.QueryAsync(
                    "SELECT toUnixTimestamp64Micro(placed_at), user_id, event_id, bet_id, bet_status, "
                        + "user_name, event_name, toString(version) FROM bets_analytics_rows FINAL"
                );
                Assert.Equal(
                    model
                        .Live.Select(row =>
                            $"{row.Key.PlacedAt}|{row.Key.UserId}|{row.Key.EventId}|{row.Key.BetId}|{row.Row!.Status}|{row.Row.UserName}|{row.Row.EventName}|{row.Version}"
                        )
                        .Order(StringComparer.Ordinal),
                    rows.Order(StringComparer.Ordinal)
                );
            }
        }
    }

    /// <summary>Every column, every mark, also of what no change brought, what is out of range, and what ended.</summary>
    [Fact]
    public async Task The_join_and_the_statement_inside_ClickHouse_write_the_same_rows()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var (live, markers) = (0, 0);
        for (var seed = 0; seed < 40; seed++)
        {
            foreach (var table in (string[])["user_changes", "event_changes", "bet_changes", "truncations", "bets_analytics_rows"])
            {
                await sink.Client.ExecuteNonQueryAsync($"TRUNCATE TABLE {table}");
            }
            using var changes = new RandomChanges(new Random(seed));
            using var batch = changes.Make(250);
            await sink.InsertChangesAsync(batch);
            long[] bets = [.. Enumerable.Range(1, RandomChanges.Ids).Select(id => (long)id)];

            await sink.JoinInsideAsync(bets);
            var expected = (await sink.QueryAsync(Everything)).Order(StringComparer.Ordinal).ToList();
            await sink.Client.ExecuteNonQueryAsync("TRUNCATE TABLE bets_analytics_rows");
            await sink.JoinAsync(bets);

            Assert.Equal(expected, (await sink.QueryAsync(Everything)).Order(StringComparer.Ordinal));
            live += expected.Count(row => row.Split('|')[^2] == "0");
            markers += expected.Count(row => row.Split('|')[^2] == "1");
        }
        Assert.True(live > 100 && markers > 400, $"{live} rows and {markers} markers are too few to prove anything");
    }

    [Fact]
    public async Task What_was_acknowledged_and_is_not_shown_is_waited_for_and_never_taken_for_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        using var batch = sink.Batch([made.Bet(7, Made.Columns())]);
        // The changes of the batch are not inserted, as where a replica lags that is read from.
        var failure = await Assert.ThrowsAsync<MissingChangesException>(() => sink.Join.OfBatchAsync(batch, CancellationToken.None));
        Assert.Contains("bet 7", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await sink.QueryAsync("SELECT bet_id FROM bets_analytics_rows"));

        await sink.InsertChangesAsync(batch);
        Assert.Null(await sink.Join.OfBatchAsync(batch, CancellationToken.None));
        Assert.Equal(["7"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics"));
    }

    static void Add(ChangeRows rows, Change change)
    {
        var record = new StreamRecord("t", 0, 0, 0, null, null, []);
        var decoded = new DecodedRecord
        {
            Table = change.Table,
            Id = change.Id,
            Version = new ChangeVersion(change.Version),
            Operation = change.IsDelete ? Operation.Delete : Operation.Update,
        };
        if (change.IsTruncate)
        {
            rows.AddTruncation(record, decoded, change.Table, decoded.Version);
            return;
        }
        if (change.Bet is { } bet)
        {
            decoded.Bet = new BetRow
            {
                UserId = bet.UserId,
                EventId = bet.EventId,
                PlacedAt = bet.PlacedAt,
                Status = Encoding.UTF8.GetBytes(bet.Status),
                Amount = 100,
            };
            decoded.MissingColumns = bet.IsStatusSent ? MissingColumns.None : MissingColumns.BetStatus;
        }
        else if (change.Name is { } name)
        {
            decoded.User.Name = decoded.Event.Name = Encoding.UTF8.GetBytes(name);
            decoded.MissingColumns = change.IsNameSent ? MissingColumns.None : MissingColumns.UserName;
        }
        rows.Add(record, decoded);
    }
}
