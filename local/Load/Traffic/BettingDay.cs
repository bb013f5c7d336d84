namespace Betting.Local.Load.Traffic;

/// <summary>
/// What bettors, bookmakers and events do, in the order in which it happens: few hot events take most bets, users follow
/// a Zipf law, stakes are log-normal; finishing an event settles its open bets in a burst. A user registers, and brings
/// money, when first picked.
/// </summary>
sealed class BettingDay
{
    static readonly string[] Categories = ["football", "tennis", "basketball", "motor", "esports"];

    readonly Func<DateTimeOffset> _now;
    readonly Random _random;
    readonly CommandText _text;
    readonly ZipfLaw _userLaw;
    readonly ZipfLaw _eventLaw;
    readonly HashSet<long> _registered = [];
    readonly List<SportingEvent> _events = [];
    readonly Queue<TrafficMessage> _due = new();
    readonly long _firstId;
    long _lastBet;
    long _lastEvent;

    /// <param name="options">Seed and shape.</param>
    /// <param name="random">Decides what happens.</param>
    /// <param name="now">The time that commands are issued at.</param>
    public BettingDay(TrafficOptions options, Random random, Func<DateTimeOffset> now)
    {
        _now = now;
        _random = random;
        // Ids come from numbers of their own, so that a change of what happens does not change them all.
        _text = new CommandText(new Random(~options.Seed ^ (options.Run * 16_777_619)));
        _userLaw = new ZipfLaw(options.Users, 1.05);
        _eventLaw = new ZipfLaw(options.Events, 1.2);
        _firstId = options.Run * 1_000_000_000L;
        _lastBet = _lastEvent = _firstId;
        for (var i = 0; i < options.Events; i++)
        {
            ScheduleEvent();
        }
    }

    /// <summary>The next command.</summary>
    public TrafficMessage Next()
    {
        while (_due.Count == 0)
        {
            Act();
        }
        return _due.Dequeue();
    }

    /// <summary>Commands of a burst that has begun and is not through.</summary>
    public IReadOnlyList<TrafficMessage> Rest()
    {
        var rest = _due.ToList();
        _due.Clear();
        return rest;
    }

    void Act()
    {
        switch (_random.NextDouble())
        {
            case < 0.78:
                PlaceBet();
                break;
            case < 0.84:
                CloseBet(cashOut: true);
                break;
            case < 0.87:
                CloseBet(cashOut: false);
                break;
            case < 0.94:
                MoveMoney("deposit", 2_000, 50_000);
                break;
            case < 0.96:
                MoveMoney("withdraw", 500, 20_000);
                break;
            case < 0.975:
                RenameUser();
                break;
            default:
                AdvanceEvent();
                break;
        }
    }

    void PlaceBet()
    {
        var user = PickUser();
        var game = _events[_eventLaw.Pick(_random)];
        var bet = new OpenBet(++_lastBet, user, Stake());
        game.Bets.Add(bet);
        Send(user, "place-bet", json =>
        {
            json.WriteNumber("betId", bet.Id);
            json.WriteNumber("userId", user);
            json.WriteNumber("eventId", game.Id);
            json.WriteString("amount", CommandText.Money(bet.Cents));
        });
    }

    void CloseBet(bool cashOut)
    {
        var game = _events[_eventLaw.Pick(_random)];
        if (game.Bets.Count == 0)
        {
            return;
        }
        var at = _random.Next(game.Bets.Count);
        var bet = game.Bets[at];
        game.Bets[at] = game.Bets[^1];
        game.Bets.RemoveAt(game.Bets.Count - 1);
        Send(bet.User, cashOut ? "cash-out-bet" : "cancel-bet", json =>
        {
            json.WriteNumber("betId", bet.Id);
            json.WriteNumber("userId", bet.User);
            if (cashOut)
            {
                json.WriteString("payout", CommandText.Money((long)(bet.Cents * _random.NextDouble() * 1.5)));
            }
        });
    }

    void MoveMoney(string kind, int fromCents, int toCents)
    {
        var user = PickUser();
        Send(user, kind, json =>
        {
            json.WriteNumber("userId", user);
            json.WriteString("amount", CommandText.Money(_random.Next(fromCents, toCents)));
        });
    }

    void RenameUser()
    {
        var user = PickUser();
        Send(user, "rename-user", json =>
        {
            json.WriteNumber("userId", user);
            json.WriteString("name", $"Player {user} the {_random.Next(2, 99)}th");
        });
    }

    // From scheduled to live to finished, which settles what is open on it and makes room for a new event.
    void AdvanceEvent()
    {
        var game = _events[_random.Next(_events.Count)];
        ChangeStatus(game, game.IsLive ? "FINISHED" : "LIVE");
        if (!game.IsLive)
        {
            game.IsLive = true;
            return;
        }
        foreach (var bet in game.Bets)
        {
            var payout = _random.NextDouble() < 0.45 ? (long)(bet.Cents * (1.2 + 2 * _random.NextDouble())) : 0;
            Send(bet.User, "settle-bet", json =>
            {
                json.WriteNumber("betId", bet.Id);
                json.WriteNumber("userId", bet.User);
                json.WriteString("payout", CommandText.Money(payout));
            });
        }
        _events.Remove(game);
        ScheduleEvent();
    }

    void ChangeStatus(SportingEvent game, string status) => Send(game.Id, "change-event", json =>
        {
            json.WriteNumber("eventId", game.Id);
            json.WriteString("status", status);
        });

    void ScheduleEvent()
    {
        var game = new SportingEvent(++_lastEvent);
        _events.Insert(_random.Next(_events.Count + 1), game);
        Send(game.Id, "schedule-event", json =>
        {
            json.WriteNumber("eventId", game.Id);
            json.WriteString("name", $"Match {game.Id}: Ångström – O'Neill");
            json.WriteString("category", Categories[_random.Next(Categories.Length)]);
            json.WriteString("startTime", CommandText.Time(_now().AddMinutes(_random.Next(1, 600))));
        });
    }

    // A user registers, and brings money, when first picked.
    long PickUser()
    {
        var user = _firstId + 1 + _userLaw.Pick(_random);
        if (_registered.Add(user))
        {
            Send(user, "register-user", json =>
            {
                json.WriteNumber("userId", user);
                json.WriteString("name", $"Player {user}");
            });
            Send(user, "deposit", json =>
            {
                json.WriteNumber("userId", user);
                json.WriteString("amount", CommandText.Money(_random.Next(1_000, 100_000)));
            });
        }
        return user;
    }

    void Send(long key, string kind, Action<System.Text.Json.Utf8JsonWriter> fields) =>
        _due.Enqueue(new TrafficMessage(key, _text.Write(kind, _now(), fields), MessageNature.Command));

    // Log-normal with a median of 8.00 and a long tail.
    long Stake()
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
        return Math.Clamp((long)(800 * Math.Exp(1.1 * normal)), 10, 500_000);
    }
}
