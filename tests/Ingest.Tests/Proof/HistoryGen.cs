using Betting.Contracts;
using Betting.Contracts.Commands;
using CsCheck;

namespace Betting.Tests.Ingest.Proof;

/// <summary>Histories about so few users, events and bets, with so little money, that nearly every command is in another's way.</summary>
static class HistoryGen
{
    static readonly DateTime Start = new(2026, 12, 1, 0, 0, 0, DateTimeKind.Utc);
    static readonly Gen<long> User = Gen.Long[1, 2];
    static readonly Gen<long> Event = Gen.Long[1, 2];
    static readonly Gen<long> Bet = Gen.Long[1, 9];
    static readonly Gen<long?> Owner = Gen.OneOf(Gen.Const((long?)null), User.Select(user => (long?)user));
    static readonly Gen<Money> Stake = Gen.Long[1, 12].Select(cents => new Money(cents));
    static readonly Gen<Money> Payout = Gen.Long[0, 15].Select(cents => new Money(cents));

    static readonly Gen<BetCommand> What = Gen.Frequency(
        (2, User.Select(user => (BetCommand)new RegisterUser(default, Start, user, "Ada"))),
        (1, Gen.Select(User, Gen.Int[1, 9]).Select((user, name) => (BetCommand)new RenameUser(default, Start, user, $"Ada {name}"))),
        (4, Gen.Select(User, Stake).Select((user, amount) => (BetCommand)new Deposit(default, Start, user, amount))),
        (2, Gen.Select(User, Stake).Select((user, amount) => (BetCommand)new Withdraw(default, Start, user, amount))),
        (2, Event.Select(id => (BetCommand)new ScheduleEvent(default, Start, id, "A – B", "football", Start))),
        (
            1,
            Gen.Select(Event, Gen.Int[0, 2].Select(stage => EventStatus.All[stage]))
                .Select((id, status) => (BetCommand)new ChangeEvent(default, Start, id, null, null, null, status))
        ),
        (
            7,
            Gen.Select(Bet, User, Event, Stake)
                .Select((bet, user, id, amount) => (BetCommand)new PlaceBet(default, Start, bet, user, id, amount))
        ),
        (3, Gen.Select(Bet, Payout, Owner).Select((bet, payout, user) => (BetCommand)new SettleBet(default, Start, bet, payout, user))),
        (2, Gen.Select(Bet, Payout, Owner).Select((bet, payout, user) => (BetCommand)new CashOutBet(default, Start, bet, payout, user))),
        (2, Gen.Select(Bet, Owner).Select((bet, user) => (BetCommand)new CancelBet(default, Start, bet, user)))
    );

    static readonly Gen<Said[]> Stream = Gen.Select(What, Gen.Int[0, 60_000]).Select((what, issued) => new Said(what, issued, null)).Array[
        4,
        30
    ];

    // A place whose id is used again elsewhere, with the same content (a duplicate) or with what stands there (a conflict).
    static readonly Gen<(int Publisher, int Index, int AtPublisher, int AtIndex, bool Same)[]> Repetitions = Gen.Select(
        Gen.Int[0, 9],
        Gen.Int[0, 99],
        Gen.Int[0, 9],
        Gen.Int[0, 99],
        Gen.Bool
    ).Array[0, 6];

    public static readonly Gen<History> Histories = Gen.Select(
            Stream.Array[2, 5],
            Repetitions,
            Gen.Int[2, 4],
            Gen.Int[1, 6],
            Gen.OneOf(Gen.Int[1, 4], Gen.Const(2_000)),
            Gen.Int[0, 4],
            Gen.Int
        )
        .Select(
            (streams, repetitions, replicas, size, releases, expires, seed) =>
            {
                foreach (var (publisher, index, atPublisher, atIndex, same) in repetitions)
                {
                    var (from, at) = (publisher % streams.Length, atPublisher % streams.Length);
                    var (place, atPlace) = (index % streams[from].Length, atIndex % streams[at].Length);
                    if (streams[from][place].IdOf is null && (from, place) != (at, atPlace) && streams[at][atPlace].IdOf is null)
                    {
                        var what = same ? streams[from][place].What : streams[at][atPlace].What;
                        streams[at][atPlace] = new Said(what, streams[at][atPlace].Issued, (from, place));
                    }
                }
                return new History(streams, replicas, size, releases, expires == 0, seed);
            }
        );
}
