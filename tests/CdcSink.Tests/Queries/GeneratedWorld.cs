using System.Globalization;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// A generated history of users, events and bets. It has what
/// real ones have: late arrivals, corrections, bets that move, reopenings, deletions, missing users and events, NULL, times at every edge.
/// </summary>
sealed class GeneratedWorld
{
    public static readonly DateTime Begin = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        End = Begin.AddDays(200);

    static readonly string[] EdgeTimes =
    [
        "1850-06-01T00:00:00Z",
        "1900-01-01T00:00:00Z",
        "1960-05-05T05:06:07Z",
        "1969-12-31T23:30:00Z",
        "2106-02-07T07:00:00Z",
        "2110-05-05T05:06:07Z",
        "2149-06-07T00:00:00Z",
        "2163-01-01T00:00:00Z",
        "2299-12-31T23:59:59.999999Z",
        "infinity",
        "-infinity",
    ];

    static readonly string[] Categories = ["football", "tennis", "darts"],
        EventStatuses = ["SCHEDULED", "LIVE", "FINISHED"];

    readonly Random _random;
    readonly Dictionary<long, GeneratedUser> _users = [];
    readonly Dictionary<long, GeneratedEvent> _events = [];
    readonly Dictionary<long, GeneratedBet> _bets = [];
    DateTime _now = Begin;
    long _nextBet = 1;

    public GeneratedWorld(int seed, int steps)
    {
        _random = new Random(seed);
        Snapshot();
        for (var step = 0; step < steps; step++)
        {
            _now = _now.AddMilliseconds(_random.NextInt64(2 * (long)(End - Begin).TotalMilliseconds / steps));
            _now = _now < End ? _now : End;
            Step();
        }
    }

    public GeneratedLog Log { get; } = new();

    /// <summary>A moment of the history, before its end.</summary>
    public DateTime Moment() => Begin.AddDays(_random.Next(20, 200)).AddSeconds(_random.Next(86_400));

    // The first changes are reads, all dated by the snapshot.
    void Snapshot()
    {
        for (var id = 1; id <= 4; id++)
        {
            Put(new GeneratedUser(id, "user " + id, Time(Begin.AddDays(-100 * id))), "r");
            Put(new GeneratedEvent(id, "event " + id, Categories[id % 3], Time(Begin.AddDays(id * 20)), "SCHEDULED"), "r");
        }
        for (var at = 0; at < 6; at++)
        {
            Put(NewBet(), "r");
        }
    }

    void Step()
    {
        switch (_random.Next(100))
        {
            case < 5:
                var user = _random.Next(1, 12);
                var created = _users.TryGetValue(user, out var known) ? known.CreatedAt : AnyTime(-60);
                Put(new GeneratedUser(user, $"user {user} {_random.Next(1000)}", created), Op(known is not null));
                break;
            case < 12:
                var id = _random.Next(1, 10);
                var isKnown = _events.ContainsKey(id);
                Put(new GeneratedEvent(id, "event " + id, Categories[id % 3], AnyTime(20), EventStatuses[_random.Next(3)]), Op(isKnown));
                break;
            case < 14:
                Remove(_users, "users");
                break;
            case < 16:
                Remove(_events, "events");
                break;
            case < 45:
                Put(NewBet(), "c");
                break;
            case < 48:
                Remove(_bets, "bets");
                break;
            case < 50 when _bets.Count > 0:
                Log.ReadAgain(Any(_bets).Value, _now);
                break;
            case < 53 when _bets.Count > 0:
                ChangeId();
                break;
            default:
                Change();
                break;
        }
        if (_random.Next(10) == 0)
        {
            Log.Records.Add(Log.Records[^_random.Next(1, Math.Min(5, Log.Records.Count))]);
        }
    }

    void Change()
    {
        if (_bets.Count == 0)
        {
            return;
        }
        var (_, bet) = Any(_bets);
        Put(
            _random.Next(12) switch
            {
                0 when bet.Status != "OPEN" => bet with { Status = "OPEN", Payout = null, SettledAt = null },
                1 => bet with { Payout = bet.Payout == "0.00" ? null : "0.00" },
                2 => bet with { Payout = Money() },
                3 => bet with { Amount = Money() },
                4 => bet with { UserId = _random.Next(1, 14) },
                5 => bet with { EventId = _random.Next(1, 12) },
                6 => bet with { PlacedAt = AnyTime(-40) },
                7 when bet.SettledAt is not null => bet with { SettledAt = AnyTime(-40) },
                8 => bet,
                _ => Close(bet),
            },
            "u"
        );
    }

    GeneratedBet Close(GeneratedBet bet)
    {
        var status = new[] { "SETTLED", "SETTLED", "CASHED_OUT", "CANCELLED" }[_random.Next(4)];
        return bet with
        {
            Status = status,
            Payout =
                _random.Next(8) == 0 ? null
                : status == "CANCELLED" ? bet.Amount
                : _random.Next(3) == 0 ? "0.00"
                : Money(),
            SettledAt = _random.Next(10) == 0 ? null : AnyTime(-1),
        };
    }

    // Debezium tells a change of the key as a deletion and a new row, within one transaction.
    void ChangeId()
    {
        var (id, bet) = Any(_bets);
        Delete(_bets, "bets", id);
        Put(bet with { Id = _nextBet++ }, "c");
    }

    GeneratedBet NewBet() => new(_nextBet++, _random.Next(1, 14), _random.Next(1, 12), "OPEN", Money(), null, AnyTime(-60), null);

    void Put(GeneratedUser user, string op) => Log.Write(_users[user.Id] = user, op, _now);

    void Put(GeneratedEvent played, string op) => Log.Write(_events[played.Id] = played, op, _now);

    void Put(GeneratedBet bet, string op) => Log.Write(_bets[bet.Id] = bet, op, _now);

    void Remove<T>(Dictionary<long, T> of, string table)
    {
        if (of.Count > 0)
        {
            Delete(of, table, Any(of).Key);
        }
    }

    void Delete<T>(Dictionary<long, T> of, string table, long id)
    {
        of.Remove(id, out var last);
        Log.Delete(table, id, last, _now);
    }

    static string Op(bool isKnown) => isKnown ? "u" : "c";

    KeyValuePair<long, T> Any<T>(Dictionary<long, T> of) => of.ElementAt(_random.Next(of.Count));

    string Money() => (_random.Next(1, 100_000) / 100m).ToString("0.00", CultureInfo.InvariantCulture);

    // Mostly within some days of now, at times at an edge.
    string AnyTime(int days) =>
        _random.Next(15) == 0
            ? EdgeTimes[_random.Next(EdgeTimes.Length)]
            : Time(_now.AddSeconds(_random.Next(Math.Abs(days) * 86_400) * Math.Sign(days)).AddTicks(10 * _random.Next(1_000_000)));

    static string Time(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
