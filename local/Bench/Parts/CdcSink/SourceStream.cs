using System.Globalization;
using System.Text;
using Betting.Contracts;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>One record as real Debezium 3.6 writes it with the settings this project ships: no schemas, decimals as text.</summary>
/// <param name="Topic">Full name.</param>
/// <param name="Key">The row's id as JSON.</param>
/// <param name="Value">The envelope.</param>
readonly record struct MadeRecord(string Topic, byte[] Key, byte[] Value);

/// <summary>
/// The change stream of a database that lives in a few counters: log positions and transaction ids go up as PostgreSQL's do, rows
/// have the sizes that real ones have (about 720 bytes an envelope). The same seed makes the same stream.
/// </summary>
sealed class SourceStream(int users, int events, TimeProvider clock, int seed = 5)
{
    const string Schema = "public";

    // A bet waits for its event: so many newer ones are placed before one is settled.
    const int Open = 100_000;

    readonly ChangeTopics _topics = new(ChangeTopics.DefaultPrefix);
    readonly Random _random = new(seed);
    readonly List<(long User, long Event, string PlacedAt)> _open = [];

    // What can be bet on now: one that finishes makes room for another.
    readonly (int Id, string Status)[] _events = [.. Enumerable.Range(1, events).Select(id => (id, "SCHEDULED"))];
    int _lastEvent = events;
    int? _announced;
    long _lsn = 26_853_136,
        _transaction = 700,
        _bets,
        _firstOpen = 1;

    /// <summary>Ids of bets begin here.</summary>
    public long FirstBet { get; init; } = 1;

    /// <summary>All users, then all events, as a snapshot reads them.</summary>
    public IEnumerable<MadeRecord> Dimensions()
    {
        for (var id = 1L; id <= users; id++)
        {
            yield return User(id, "r", "");
        }
        foreach (var (id, status) in _events)
        {
            yield return Event(id, "r", status);
        }
    }

    /// <summary>A new bet of some user on some event, placed within the last four weeks.</summary>
    public MadeRecord NewBet(long? onEvent = null) => NewBet("c", onEvent);

    MadeRecord NewBet(string operation, long? onEvent)
    {
        var placed = Text(clock.GetUtcNow() - TimeSpan.FromSeconds(_random.Next(28 * 86_400)));
        _open.Add((_random.NextInt64(1, users + 1), onEvent ?? _events[_random.Next(_events.Length)].Id, placed));
        return Bet(++_bets, operation, "OPEN", "null", "null", "null");
    }

    /// <summary>A bet as a snapshot reads it.</summary>
    public MadeRecord ReadBet() => NewBet("r", null);

    /// <summary>
    /// A betting day's mixture: 48 in 100 are new bets, 48 settle, cash out or cancel the oldest of a hundred thousand open ones, three
    /// rename a user, one moves an event on, which all its bets have to show. A finished event takes no bets: another is announced in its
    /// place.
    /// </summary>
    public MadeRecord Mixed()
    {
        if (_announced is { } announced)
        {
            _announced = null;
            return Event(announced, "c", "SCHEDULED");
        }
        var kind = _random.Next(100);
        if (kind == 0)
        {
            return MoveOn(ref _events[_random.Next(_events.Length)]);
        }
        if (kind < 4)
        {
            return User(_random.NextInt64(1, users + 1), "u", " the " + _transaction.ToString(CultureInfo.InvariantCulture));
        }
        if (kind < 52 || _bets - _firstOpen < Open)
        {
            return NewBet();
        }
        var (status, payout) = _random.Next(10) switch
        {
            < 8 => ("SETTLED", "\"12.40\""),
            8 => ("CASHED_OUT", "\"3.10\""),
            _ => ("CANCELLED", "null"),
        };
        return Bet(_firstOpen++, "u", status, payout, $"\"{Text(clock.GetUtcNow())}\"", "OPEN");
    }

    /// <summary>An event's change of status.</summary>
    public MadeRecord Move(int id, string status) => Event(id, "u", status);

    MadeRecord MoveOn(ref (int Id, string Status) moved)
    {
        if (moved.Status == "SCHEDULED")
        {
            moved.Status = "LIVE";
            return Move(moved.Id, moved.Status);
        }
        var finished = moved.Id;
        moved = (++_lastEvent, "SCHEDULED");
        _announced = moved.Id;
        return Move(finished, "FINISHED");
    }

    MadeRecord Bet(long id, string operation, string status, string payout, string settledAt, string before)
    {
        var (user, played, placed) = _open[(int)id - 1];
        var named = FirstBet - 1 + id;
        string Row(string status, string payout, string settledAt) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"id":{{named}},"user_id":{{user}},"event_id":{{played}},"status":"{{status}}","amount":"{{id % 200 + 1}}.50","payout":{{payout}},"placed_at":"{{placed}}","settled_at":{{settledAt}}}"""
            );
        return Record(
            _topics.Bets,
            "bets",
            named,
            operation,
            before == "null" ? "null" : Row(before, "null", "null"),
            Row(status, payout, settledAt)
        );
    }

    MadeRecord User(long id, string operation, string suffix) =>
        Record(
            _topics.Users,
            "users",
            id,
            operation,
            "null",
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"id":{{id}},"name":"user {{id}}{{suffix}}","created_at":"2025-{{id % 12 + 1:D2}}-{{id % 28 + 1:D2}}T08:00:00.000000Z"}"""
            )
        );

    MadeRecord Event(int id, string operation, string status) =>
        Record(
            _topics.Events,
            "events",
            id,
            operation,
            "null",
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"id":{{id}},"name":"event {{id}}","category":"{{(id % 3) switch { 0 => "football", 1 => "tennis", _ => "racing" }}}","start_time":"2026-12-01T18:00:00.000000Z","status":"{{status}}"}"""
            )
        );

    MadeRecord Record(string topic, string table, long id, string operation, string before, string after)
    {
        // All reads of a snapshot have its position.
        if (operation != "r")
        {
            _lsn += 8 * _random.Next(1, 40);
            _transaction++;
        }
        var micros = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return new MadeRecord(
            topic,
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{id}}}""")),
            Encoding.UTF8.GetBytes(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$$"""{"before":{{{before}}},"after":{{{after}}},"source":{"version":"3.6.1.Final","connector":"postgresql","name":"betting","ts_ms":{{{micros / 1000}}},"snapshot":"{{{(operation == "r" ? "true" : "false")}}}","db":"betting","sequence":"[\"{{{_lsn - 8}}}\",\"{{{_lsn}}}\"]","ts_us":{{{micros}}},"ts_ns":{{{micros}}}000,"schema":"{{{Schema}}}","table":"{{{table}}}","txId":{{{_transaction}}},"lsn":{{{_lsn}}},"xmin":null,"origin":null,"origin_lsn":null},"transaction":{"id":"{{{_transaction}}}:{{{_lsn}}}","total_order":1,"data_collection_order":1},"op":"{{{operation}}}","ts_ms":{{{micros / 1000}}},"ts_us":{{{micros}}},"ts_ns":{{{micros}}}123}"""
                )
            )
        );
    }

    static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
