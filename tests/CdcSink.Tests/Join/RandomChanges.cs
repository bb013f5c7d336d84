using System.Text;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.Tests.CdcSink.Join;

/// <summary>
/// Changes that no source would write but every table can hold: any columns missing, any marks, times out of range, deletes and truncates
/// at any version.
/// </summary>
sealed class RandomChanges(Random random) : IDisposable
{
    /// <summary>Ids of each table are 1 to this.</summary>
    public const int Ids = 14;

    static readonly long[] Times =
    [
        1_767_225_600_000_000,
        1_767_225_600_000_001,
        0,
        PostgresTime.EarliestShown,
        PostgresTime.EarliestShown - 1,
        PostgresTime.LatestShown,
        PostgresTime.LatestShown + 1,
        PostgresTime.Infinity,
        PostgresTime.MinusInfinity,
    ];

    readonly ChangeBatch _batch = new();
    readonly HashSet<(SourceTable, long, ulong)> _used = [];

    public ChangeBatch Make(int count)
    {
        for (var change = 0; change < count; change++)
        {
            Add();
        }
        return _batch;
    }

    public void Dispose() => _batch.Dispose();

    void Add()
    {
        var record = new StreamRecord("t", 0, 0, 0, null, null, []);
        var table = random.Next(10) switch
        {
            < 6 => SourceTable.Bets,
            < 8 => SourceTable.Users,
            _ => SourceTable.Events,
        };
        var id = random.Next(1, Ids + 1);
        var version = ChangeVersion.Of(random.Next(1, 3), streamed: random.Next(4) > 0, (ulong)random.Next(1, 400)).Value;
        if (!_used.Add((table, id, version)))
        {
            return;
        }
        var decoded = new DecodedRecord
        {
            Kind = RecordKind.RowChange,
            Table = table,
            Id = id,
            Version = new ChangeVersion(version),
            Operation = random.Next(8) == 0 ? Operation.Delete : Operation.Update,
        };
        if (random.Next(120) == 0)
        {
            _batch.Rows.AddTruncation(record, decoded, table, decoded.Version);
            return;
        }
        if (decoded.Operation != Operation.Delete)
        {
            Fill(ref decoded);
        }
        _batch.Rows.Add(record, decoded);
    }

    void Fill(ref DecodedRecord decoded)
    {
        decoded.MissingColumns = (MissingColumns)(random.Next(2) == 0 ? 0 : random.Next(128));
        foreach (var bit in Enumerable.Range(0, 7).Where(_ => random.Next(6) == 0))
        {
            (decoded.Marks ??= []).Add(new MarkedValue((MissingColumns)(1 << bit), "x", ValueSubstitution.Clamped, default));
        }
        decoded.User = new UserRow { Name = Text("user"), CreatedAt = Time() };
        decoded.Event = new EventRow
        {
            Name = Text("event"),
            Category = Text("category"),
            Status = Text("status"),
            StartTime = Time(),
        };
        decoded.Bet = new BetRow
        {
            UserId = random.Next(1, Ids + 3),
            EventId = random.Next(1, Ids + 3),
            Status = Text("status"),
            Amount = random.NextInt64(-5, 999_999_999_999_999_999),
            Payout = random.Next(3) == 0 ? null : random.NextInt64(100_000),
            // Few, so that a sorting key comes back.
            PlacedAt = random.Next(4) > 0 ? Times[random.Next(2)] : Time(),
            SettledAt = random.Next(3) == 0 ? null : Time(),
        };
        // PostgreSQL always sends what a bet is sorted by.
        decoded.MissingColumns &=
            decoded.Table == SourceTable.Bets
                ? ~(MissingColumns.BetUserId | MissingColumns.BetEventId | MissingColumns.BetPlacedAt)
                : (MissingColumns)~0;
    }

    long Time() => Times[random.Next(Times.Length)];

    ReadOnlyMemory<byte> Text(string what) => Encoding.UTF8.GetBytes(random.Next(5) == 0 ? "" : what + random.Next(5));
}
