using System.Globalization;
using System.Numerics;
using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using CsCheck;

namespace Betting.Tests.Shared.Contracts;

/// <summary>Commands as a .NET publisher may build them, right and wrong, and the JSON that says what each object holds.</summary>
static class BuiltCommands
{
    const string Pair = "🏁";

    static Gen<T> Choice<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    static Gen<T> Mostly<T>(Gen<T> right, params T[] others) => Gen.Frequency((12, right), (1, Choice(others)));

    static readonly Gen<Guid> Id = Mostly(Gen.Guid, Guid.Empty);

    static readonly Gen<long> Number = Mostly(Gen.Long[1, long.MaxValue], 0, -1, 1, long.MinValue, long.MaxValue);

    static readonly Gen<long?> User = Mostly(Gen.Long[1, long.MaxValue].Select(id => (long?)id), null, null, 0, -1, long.MinValue);

    static readonly Gen<Money> Amount = Mostly(
        Gen.Long[0, CommandContract.MaxAmount.Cents].Select(cents => new Money(cents)),
        Edges(CommandContract.MaxAmount)
    );

    static readonly Gen<Money> Payout = Mostly(
        Gen.Long[0, CommandContract.MaxPayout.Cents].Select(cents => new Money(cents)),
        Edges(CommandContract.MaxPayout)
    );

    static readonly Gen<DateTime> Issued = Moment(CommandContract.MinIssuedAt, CommandContract.MaxIssuedAt);

    static readonly Gen<DateTime> Start = Moment(CommandContract.MinStartTime, CommandContract.MaxStartTime);

    static readonly Gen<string> Status = Mostly(Choice([.. EventStatus.All]), "", "live", "LIVE ", "LIVE\0", Pair[..1], null!);

    static readonly Gen<DateTime?> Maybe = Gen.Frequency((1, Gen.Const((DateTime?)null)), (2, Start.Select(moment => (DateTime?)moment)));

    public static readonly Gen<BetCommand> All = Gen.OneOf(
        Gen.Select(Id, Issued, Number, Text(CommandContract.MaxName))
            .Select(BetCommand (id, at, user, name) => new RegisterUser(id, at, user, name)),
        Gen.Select(Id, Issued, Number, Text(CommandContract.MaxName))
            .Select(BetCommand (id, at, user, name) => new RenameUser(id, at, user, name)),
        Gen.Select(Id, Issued, Number, Amount).Select(BetCommand (id, at, user, amount) => new Deposit(id, at, user, amount)),
        Gen.Select(Id, Issued, Number, Amount).Select(BetCommand (id, at, user, amount) => new Withdraw(id, at, user, amount)),
        Gen.Select(Id, Issued, Number, Text(CommandContract.MaxName), Text(CommandContract.MaxCategory), Start)
            .Select(BetCommand (id, at, number, name, category, start) => new ScheduleEvent(id, at, number, name, category, start)),
        Gen.Select(Id, Issued, Number, Given(Text(CommandContract.MaxName)), Given(Text(CommandContract.MaxCategory)), Maybe, Given(Status))
            .Select(
                BetCommand (id, at, number, name, category, start, status) => new ChangeEvent(id, at, number, name, category, start, status)
            ),
        Gen.Select(Id, Issued, Number, Number, Number, Amount)
            .Select(BetCommand (id, at, bet, user, number, amount) => new PlaceBet(id, at, bet, user, number, amount)),
        Gen.Select(Id, Issued, Number, Payout, User)
            .Select(BetCommand (id, at, bet, payout, user) => new SettleBet(id, at, bet, payout, user)),
        Gen.Select(Id, Issued, Number, Payout, User)
            .Select(BetCommand (id, at, bet, payout, user) => new CashOutBet(id, at, bet, payout, user)),
        Gen.Select(Id, Issued, Number, User).Select(BetCommand (id, at, bet, user) => new CancelBet(id, at, bet, user))
    );

    /// <summary>
    /// Each property of the object that is there, under its name; characters that are not ASCII are escaped one by one, so that half of a
    /// pair stays what it is.
    /// </summary>
    public static string JsonOf(BetCommand command)
    {
        var fields = command
            .GetType()
            .GetProperties()
            .Select(property => (Name: char.ToLowerInvariant(property.Name[0]) + property.Name[1..], Value: property.GetValue(command)));
        return $"{{{string.Join(',', fields.Where(field => field.Value is not null).Select(field => $"\"{field.Name}\":{ValueOf(field.Value!)}"))}}}";
    }

    static string ValueOf(object value) =>
        value switch
        {
            long number => number.ToString(CultureInfo.InvariantCulture),
            Money { Cents: var cents } =>
                $"\"{(cents < 0 ? "-" : "")}{BigInteger.Abs(cents) / 100}.{(int)(BigInteger.Abs(cents) % 100):D2}\"",
            DateTime moment => $"\"{moment.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)}\"",
            CommandKind kind => $"\"{CommandContract.TextOf(kind)}\"",
            Guid id => $"\"{id}\"",
            _ => $"\"{Escaped((string)value)}\"",
        };

    static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (var character in text)
        {
            escaped.Append(char.IsAsciiLetterOrDigit(character) ? character.ToString() : $"\\u{(int)character:X4}");
        }
        return escaped.ToString();
    }

    // Half of them given: a command that changes nothing is among the generated ones.
    static Gen<string?> Given(Gen<string> text) => Gen.Frequency((1, Gen.Const((string?)null)), (1, text.Select(string? (given) => given)));

    static Money[] Edges(Money most) =>
        [
            .. new[] { long.MinValue, -most.Cents - 1, -most.Cents, -1, 0, most.Cents, most.Cents + 1, long.MaxValue }.Select(
                cents => new Money(cents)
            ),
        ];

    static Gen<DateTime> Moment(DateTime from, DateTime to) =>
        Mostly(
            Gen.Long[from.Ticks, to.Ticks - 1].Select(ticks => new DateTime(ticks, DateTimeKind.Utc)),
            new(0, DateTimeKind.Utc),
            from.AddTicks(-10),
            from,
            to.AddTicks(-10),
            to,
            new DateTime(DateTime.MaxValue.Ticks, DateTimeKind.Utc)
        );

    static Gen<string> Text(int most) =>
        Mostly(
            Gen.String[Gen.Char['a', 'z'], 1, 20],
            null!,
            "",
            "\0",
            "a\0b",
            Pair,
            $"Ada {Pair}"[..5],
            Pair[1..],
            "\uDFC1\uD83C",
            $"{Pair[..1]}{Pair}",
            "\uFFFD",
            "\uFEFF",
            "\u0001\n\r\u007F\u2028",
            "\"\\/",
            " ",
            new string('é', most),
            new string('é', most + 1),
            string.Concat(Enumerable.Repeat(Pair, most)),
            string.Concat(Enumerable.Repeat(Pair, most + 1)),
            new string('x', 20_000)
        );
}
