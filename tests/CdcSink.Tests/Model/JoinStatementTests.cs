using System.Text;
using Betting.CdcSink.Batches;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Model;

/// <summary>The statement that joins inside ClickHouse says what the model says, for random changes in random order.</summary>
public sealed class JoinStatementTests(Servers servers)
{
    [Fact]
    public async Task The_statement_and_the_model_agree()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            using var sink = await SinkUnderTest.CreateAsync(servers);
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
                await sink.JoinAsync([.. model.AllBets()]);
                model.InsertRows(model.Join(model.AllBets()));
                var rows = await sink.QueryAsync("SELECT toUnixTimestamp64Micro(placed_at), user_id, event_id, bet_id, bet_status, user_name, event_name, toString(version) FROM bets_analytics_rows FINAL");
                Assert.Equal(model.Live.Select(row => $"{row.Key.PlacedAt}|{row.Key.UserId}|{row.Key.EventId}|{row.Key.BetId}|{row.Row!.Status}|{row.Row.UserName}|{row.Row.EventName}|{row.Version}").Order(StringComparer.Ordinal),
                    rows.Order(StringComparer.Ordinal));
            }
        }
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
            decoded.Bet = new BetRow { UserId = bet.UserId, EventId = bet.EventId, PlacedAt = bet.PlacedAt, Status = Encoding.UTF8.GetBytes(bet.Status), Amount = 100 };
            decoded.NotSent = bet.IsStatusSent ? NotSent.None : NotSent.BetStatus;
        }
        else if (change.Name is { } name)
        {
            decoded.User.Name = decoded.Event.Name = Encoding.UTF8.GetBytes(name);
            decoded.NotSent = change.IsNameSent ? NotSent.None : NotSent.UserName;
        }
        rows.Add(record, decoded);
    }
}
