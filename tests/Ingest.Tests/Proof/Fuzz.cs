using System.Text;
using Betting.Contracts.Commands;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Proof;

/// <summary>Inputs that publishers send by mistake or on purpose: the same ones for the same seed.</summary>
sealed class Fuzz(int seed)
{
    static readonly string[] Numbers =
    [
        "1e400",
        "-1e-400",
        "1E5",
        "NaN",
        "Infinity",
        "-0",
        "-0.0",
        "0",
        "0.00",
        "-1",
        "+1",
        "01",
        "1.",
        ".5",
        "0x10",
        "1.005",
        "99999999999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "9999999999.99",
        "10000000000.00",
        "\"1e2\"",
        "\"-0.00\"",
        "\"NaN\"",
        "\"\"",
        "\" 1\"",
        "\"1,00\"",
        "\"٣\"",
        "null",
        "true",
        "[]",
        "{}",
        "\"\\u0031\"",
    ];

    static readonly string[] Moments =
    [
        "10000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T00:00:00Z",
        "2026-11-22T12:00:60Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00Z",
        "2026-11-22T12:00:00+25:00",
        "2026-11-22T12:00:00.1234567890Z",
        "1969-12-31T23:59:59Z",
        "2199-12-31T23:59:59Z",
        "2300-01-01T00:00:00Z",
    ];

    static readonly string[] Texts =
    [
        "\\u0000",
        "\\ud800",
        "\\udc00\\ud800",
        "\\ud83d\\ude00",
        "\\x",
        "\u202e",
        "\t",
        "'; DROP TABLE bets; --",
        "\\\"",
    ];

    readonly Random _random = new(seed);
    readonly List<byte[]> _sent = [];

    public byte[] Next()
    {
        var valid = Valid();
        var input = _random.Next(14) switch
        {
            0 or 1 => valid,
            2 => valid[.._random.Next(valid.Length)],
            3 or 4 => Flipped(valid),
            5 => Encoding.UTF8.GetBytes(new string('[', _random.Next(1, 3000)) + new string('{', _random.Next(3))),
            6 => Inserted(valid, [(byte)_random.Next(0x80, 0x100)]),
            7 => Encoding.UTF8.GetBytes(
                Encoding.UTF8.GetString(valid).Replace("\"kind\"", "\"kind\":\"deposit\",\"kind\"", StringComparison.Ordinal)
            ),
            8 => WithValue(valid, "amount", Any(Numbers)),
            9 => WithValue(valid, Any(["userId", "betId", "eventId", "v", "id"]), Any(Numbers)),
            10 => WithValue(valid, "issuedAt", $"\"{Any(Moments)}\""),
            11 => WithValue(valid, "name", $"\"{string.Concat(Enumerable.Repeat(Any(Texts), _random.Next(1, 40)))}\""),
            12 => _sent.Count == 0 ? valid
            : _random.Next(2) == 0 ? Any(_sent)
            : Flipped(Any(_sent)),
            _ => Rare(valid),
        };
        if (_sent.Count < 1000)
        {
            _sent.Add(input);
        }
        return input;
    }

    byte[] Valid()
    {
        var (user, bet, onEvent) = (_random.Next(1, 50), _random.Next(1, 2000), _random.Next(1, 5));
        BetCommand command = _random.Next(10) switch
        {
            0 => Given.Register(user),
            1 => Given.Deposit(_random.Next(-1, 100_00), user),
            2 => Given.Withdraw(_random.Next(100_00), user),
            3 => Given.Schedule(onEvent),
            4 => Given.Status("LIVE", onEvent),
            5 or 6 => Given.Place(bet, _random.Next(100), user, onEvent),
            7 => Given.Settle(bet, _random.Next(100)),
            8 => Given.CashOut(bet, _random.Next(100)),
            _ => Given.Cancel(bet),
        };
        return CommandEncoder.Encode(
            command with
            {
                Id = new Guid(_random.Next(), (short)seed, (short)_random.Next(), [0x80, 1, 2, 3, 4, 5, 6, 7]),
            }
        );
    }

    byte[] Rare(byte[] valid)
    {
        switch (_random.Next(30))
        {
            case 0:
                return [];
            case 1:
                return [.. valid, .. Enumerable.Repeat((byte)' ', CommandContract.MaxBytes)];
            case 2:
                return WithValue(valid, "name", $"\"{new string('x', _random.Next(60_000))}\"");
            default:
                var noise = new byte[_random.Next(200)];
                _random.NextBytes(noise);
                return noise;
        }
    }

    byte[] Flipped(byte[] bytes)
    {
        var flipped = bytes.ToArray();
        for (var times = _random.Next(1, 4); times > 0 && flipped.Length > 0; times--)
        {
            flipped[_random.Next(flipped.Length)] ^= (byte)(1 << _random.Next(8));
        }
        return flipped;
    }

    byte[] Inserted(byte[] bytes, byte[] what)
    {
        var at = _random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. what, .. bytes[at..]];
    }

    // The field with another value, or the field added.
    static byte[] WithValue(byte[] valid, string field, string value)
    {
        var text = Encoding.UTF8.GetString(valid);
        var start = text.IndexOf($"\"{field}\":", StringComparison.Ordinal);
        if (start < 0)
        {
            return Encoding.UTF8.GetBytes($"{text[..^1]},\"{field}\":{value}}}");
        }
        var from = start + field.Length + 3;
        var end = text.IndexOfAny([',', '}'], from);
        return Encoding.UTF8.GetBytes(text[..from] + value + text[end..]);
    }

    T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];
}
