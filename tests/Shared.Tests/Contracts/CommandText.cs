using Betting.Contracts.Commands;
using CsCheck;

namespace Betting.Tests.Shared.Contracts;

/// <summary>A command as a publisher may write it.</summary>
/// <param name="Json">Its text.</param>
/// <param name="IsSayable">
/// False where something in it is beyond a JSON Schema: how a number is written, a field twice, a moment at the edge.
/// </param>
sealed record WrittenCommand(string Json, bool IsSayable);

/// <summary>Commands whose fields are right for their kind and one or two of which are then something else.</summary>
static class CommandText
{
    // A value as JSON, and whether a schema can tell what Ingest says of it.
    static (string Json, bool IsSayable) Can(string json) => (json, true);

    static (string Json, bool IsSayable) Cannot(string json) => (json, false);

    static Gen<(string Json, bool IsSayable)> One(params (string, bool)[] values) => Choice(values);

    static Gen<T> Choice<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    static readonly Gen<(string, bool)> Anything = One(
        Can("null"),
        Can("true"),
        Can("\"\""),
        Can("\"x\""),
        Can("[]"),
        Can("{}"),
        Can("[1]"),
        Can("0"),
        Can("-1"),
        Can("1.5"),
        Can("\"1\""),
        Can("\"null\""),
        Can("1e400")
    );

    static readonly Gen<(string, bool)> Uuid = Gen.Frequency(
        (3, Gen.Guid.Select(id => Can($"\"{id}\""))),
        (1, Gen.Guid.Select(id => Can($"\"{id.ToString().ToUpperInvariant()}\""))),
        (
            1,
            One(
                Can("\"00000000-0000-0000-0000-000000000000\""),
                Can("\"urn:uuid:0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\""),
                Can("\"{0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1}\""),
                Can("\"0193e0c46d1c7cc098c294bd1e9dd9d1\""),
                Can("\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d\""),
                Can("\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\\n\""),
                Can("\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9dg\""),
                Can("\"\\u0030193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\""),
                Can("\" 193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\"")
            )
        )
    );

    static readonly Gen<(string, bool)> Number = Gen.Frequency(
        (3, Gen.Long[1, 9_007_199_254_740_991].Select(id => Can($"{id}"))),
        (2, Gen.Long[1, long.MaxValue].Select(id => Can($"\"{id}\""))),
        (
            2,
            One(
                Can("9223372036854775807"),
                Can("\"9223372036854775807\""),
                Can("\"9223372036854775808\""),
                Can("\"9999999999999999999\""),
                Can("\"10000000000000000000\""),
                Can("\"01\""),
                Can("\"+1\""),
                Can("\"-1\""),
                Can("\"1.0\""),
                Can("\"1e3\""),
                Can("\" 1\""),
                Can("\"1\\n\""),
                Can("\"٣\""),
                Can("\"\\u0031\""),
                Can("0"),
                Can("-1"),
                Can("0.5"),
                Can("1e30"),
                Cannot("9223372036854775808"),
                Cannot("1.0"),
                Cannot("1e3"),
                Cannot("1E0"),
                Cannot("1.00")
            )
        )
    );

    static readonly Gen<(string, bool)> Moment = Gen.Frequency(
        (3, Gen.DateTime[new DateTime(2001, 1, 1), new DateTime(2198, 1, 1)].Select(at => Can($"\"{at:yyyy-MM-ddTHH:mm:ss.fff}Z\""))),
        (
            2,
            Gen.Select(Gen.Int[1895, 2305], Gen.Int[0, 13], Gen.Int[0, 32], Gen.Int[0, 25], Gen.Int[0, 61])
                .Select((year, month, day, hour, minute) => Can($"\"{year:D4}-{month:D2}-{day:D2}T{hour:D2}:{minute:D2}:30Z\""))
        ),
        (
            2,
            Gen.Select(Gen.Int[0, 17], Gen.Int[0, 61], Choice('+', '-'))
                .Select((hour, minute, sign) => Can($"\"2026-06-15T12:00:00{sign}{hour:D2}:{minute:D2}\""))
        ),
        (2, Gen.Int[0, 30].Select(digits => Can($"\"2026-06-15T12:00:00.{new string('7', digits)}Z\""))),
        (
            3,
            One(
                Can("\"2024-02-29T00:00:00Z\""),
                Can("\"2023-02-29T00:00:00Z\""),
                Can("\"2100-02-29T00:00:00Z\""),
                Can("\"2000-02-29T00:00:00Z\""),
                Can("\"1999-12-31T23:59:59Z\""),
                Can("\"2199-12-31T23:59:59.999999Z\""),
                Can("\"2200-01-01T00:00:00Z\""),
                Can("\"1899-12-31T23:59:59Z\""),
                Can("\"1900-01-01T00:00:00Z\""),
                Can("\"2298-12-31T23:59:59Z\""),
                Can("\"2299-01-01T00:00:00Z\""),
                Can("\"1999-12-31T23:59:59-01:00\""),
                Can("\"2200-01-01T00:00:00+01:00\""),
                Can("\"2299-01-01T00:00:00+01:00\""),
                Can("\"2026-06-15t12:00:00Z\""),
                Can("\"2026-06-15T12:00:00z\""),
                Can("\"2026-06-15 12:00:00Z\""),
                Can("\"2026-06-15T12:00:00+0100\""),
                Can("\"2026-06-15T12:00:00\""),
                Can("\"2026-06-15T12:00:60Z\""),
                Can("\"2026-06-15T24:00:00Z\""),
                Can("\"2026-06-15T12:00Z\""),
                Can("\"2026-06-15T12:00:00.Z\""),
                Can("\"2026-06-15T12:00:00Z\\n\""),
                Can("\"2026-06-15T12:00:00\\u002B01:00\""),
                Can("\"\\u0032\\u0030\\u0032\\u0036-\\u0030\\u0036-\\u0031\\u0035T\\u0031\\u0032:\\u0030\\u0030:\\u0030\\u0030\\u005A\""),
                Can("\"2026-06-15T12:00:00-00:00\""),
                Can("\"2026-6-15T12:00:00Z\""),
                Can("1700000000"),
                Cannot("\"2000-01-01T00:00:00+01:00\""),
                Cannot("\"2199-12-31T23:59:59-01:00\""),
                Cannot("\"1900-01-01T00:00:00+01:00\""),
                Cannot("\"2298-12-31T23:59:59-01:00\"")
            )
        )
    );

    static readonly Gen<(string, bool)> Amount = Gen.Frequency(
        (2, Gen.Long[0, 9_999_999_999_99].Select(cents => Can($"\"{new Money(cents)}\""))),
        (2, Gen.Long[0, 9_999_999_99].Select(cents => Can($"{new Money(cents)}"))),
        (
            3,
            One(
                Can("0.07"),
                Can("19.99"),
                Can("0"),
                Can("0.1"),
                Can("-5"),
                Can("\"-5.00\""),
                Can("\"-0\""),
                Can("\"-0.0\""),
                Can("\"-0.00\""),
                Can("\"-0.01\""),
                Can("\"0.00\""),
                Can("\"1.001\""),
                Can("\"1e2\""),
                Can("\"+1\""),
                Can("\"01\""),
                Can("\"1.\""),
                Can("\".5\""),
                Can("\"1,00\""),
                Can("\" 1\""),
                Can("\"1\\n\""),
                Can("\"-\""),
                Can("\"9999999999.99\""),
                Can("9999999999.99"),
                Can("\"10000000000\""),
                Can("10000000000"),
                Can("-10000000000"),
                Can("\"999999999999.99\""),
                Can("999999999999.99"),
                Can("\"1000000000000\""),
                Can("1000000000000"),
                Can("\"\\u0031.50\""),
                Can("\"١\""),
                Cannot("1e2"),
                Cannot("1E2"),
                Cannot("100.000"),
                Cannot("1.001"),
                Cannot("-0"),
                Cannot("-0.0"),
                Cannot("1e-1"),
                Cannot("0.1000")
            )
        )
    );

    static Gen<(string, bool)> Text(int most) =>
        Gen.Frequency(
            (3, Gen.String[Gen.Char['a', 'z'], 1, 20].Select(text => Can($"\"{text}\""))),
            (
                2,
                Gen.Select(Gen.Int[most - 1, most + 1], Choice("a", "é", "🏁"))
                    .Select((count, letter) => Can($"\"{string.Concat(Enumerable.Repeat(letter, count))}\""))
            ),
            (
                2,
                One(
                    Can("\"\\u0000\""),
                    Can("\"a\\u0000b\""),
                    Can("\"\\ud800\""),
                    Can("\"a\\udc00\""),
                    Can("\"\\ud83c\\udfc1\""),
                    Can("\"\\udfc1\\ud83c\""),
                    Can("\"line\\nfeed\\n\""),
                    Can("\"\\uFEFF\""),
                    Can("\"\\uffff\""),
                    Can("\" \""),
                    Can("\"\\\"\\\\\\/\"")
                )
            )
        );

    static readonly Gen<(string, bool)> Version = One(Can("1"), Can("2"), Can("0"), Can("\"1\""), Cannot("1.0"), Cannot("1e0"));

    static readonly Gen<(string, bool)> Status = One(
        Can("\"SCHEDULED\""),
        Can("\"LIVE\""),
        Can("\"FINISHED\""),
        Can("\"live\""),
        Can("\"LIVE \""),
        Can("\"L\\u0049VE\"")
    );

    static readonly Gen<(string, bool)> Kind = One([
        .. CommandContract.Kinds.Select(kind => Can($"\"{kind.Text}\"")),
        Can("\"bet\""),
        Can("\"Deposit\""),
        Can("\"deposit \""),
    ]);

    static Gen<(string, bool)> Value(CommandFields field) =>
        field switch
        {
            CommandFields.Version => Version,
            CommandFields.Id => Uuid,
            CommandFields.Kind => Kind,
            CommandFields.IssuedAt or CommandFields.StartTime => Moment,
            CommandFields.Amount or CommandFields.Payout => Amount,
            CommandFields.Name => Text(CommandContract.MaxName),
            CommandFields.Category => Text(CommandContract.MaxCategory),
            CommandFields.Status => Status,
            _ => Number,
        };

    static string Plain(CommandFields field, KindOfCommand kind) =>
        field switch
        {
            CommandFields.Version => "1",
            CommandFields.Id => "\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\"",
            CommandFields.Kind => $"\"{kind.Text}\"",
            CommandFields.IssuedAt or CommandFields.StartTime => "\"2026-11-22T12:00:00.000Z\"",
            CommandFields.Amount or CommandFields.Payout => "\"10.00\"",
            CommandFields.Name or CommandFields.Category => "\"City – United\"",
            CommandFields.Status => "\"LIVE\"",
            _ => "7",
        };

    enum Change
    {
        Value,
        Anything,
        Missing,
        Foreign,
        Unknown,
        Twice,
    }

    static readonly Gen<Change> Changes = Gen.Frequency(
        (10, Gen.Const(Change.Value)),
        (2, Gen.Const(Change.Anything)),
        (1, Gen.Const(Change.Missing)),
        (1, Gen.Const(Change.Foreign)),
        (1, Gen.Const(Change.Unknown)),
        (1, Gen.Const(Change.Twice))
    );

    public static readonly Gen<WrittenCommand> Commands =
        from kind in Choice([.. CommandContract.Kinds])
        from changes in Gen.Select(Changes, Choice([.. CommandContract.Fields])).Array[0, 2]
        from values in Gen.Select(ValueOf(changes, 0), ValueOf(changes, 1))
        from leftOut in Gen.Int[0, 3]
        select Write(kind, changes, [values.Item1, values.Item2], leftOut == 0);

    static Gen<(string, bool)> ValueOf((Change What, NamedField Field)[] changes, int at) =>
        at >= changes.Length ? Gen.Const(Can("0"))
        : changes[at].What is Change.Anything or Change.Unknown ? Anything
        : Value(changes[at].Field.Field);

    static WrittenCommand Write(
        KindOfCommand kind,
        (Change What, NamedField Field)[] changes,
        (string Json, bool IsSayable)[] values,
        bool withOptional
    )
    {
        var fields = CommandContract
            .Fields.Where(field =>
                ((withOptional ? kind.Allowed : (kind.Allowed & ~kind.Optional & ~CommandFields.Version)) & field.Field) != 0
            )
            .Select(field => (field.Name, Json: Plain(field.Field, kind)))
            .ToList();
        var isSayable = true;
        foreach (var (at, (what, field)) in changes.Index())
        {
            var place = fields.FindIndex(each => each.Name == field.Name);
            switch (what)
            {
                case Change.Missing when place >= 0:
                    fields.RemoveAt(place);
                    break;
                case Change.Unknown:
                    fields.Add((field.Name.ToUpperInvariant(), values[at].Json));
                    isSayable &= values[at].IsSayable;
                    break;
                case Change.Twice when place >= 0:
                    fields.Add(fields[place]);
                    isSayable = false;
                    break;
                case Change.Value or Change.Anything or Change.Foreign:
                    isSayable &= values[at].IsSayable;
                    if (place >= 0)
                    {
                        fields[place] = (field.Name, values[at].Json);
                    }
                    else
                    {
                        fields.Add((field.Name, values[at].Json));
                    }
                    break;
                default:
                    break;
            }
        }
        return new WrittenCommand($"{{{string.Join(',', fields.Select(field => $"\"{field.Name}\":{field.Json}"))}}}", isSayable);
    }
}
