using System.Globalization;

namespace Betting.Local.Load.Traffic;

/// <summary>
/// The messages of a betting day as they reach the doors: a few commands come twice, some are overtaken by later ones,
/// some are nothing that anybody can read. Endless; take as many as you need. Not thread-safe.
/// </summary>
public sealed class BettingTraffic
{
    const int RememberedForDuplicates = 500;
    const int OvertakenByAtMost = 40;

    readonly TrafficOptions _options;
    readonly Random _random;
    readonly BettingDay _day;
    readonly List<(long At, TrafficMessage Message)> _held = [];
    readonly TrafficMessage[] _recent = new TrafficMessage[RememberedForDuplicates];
    long _sent;
    long _remembered;

    /// <param name="options">Seed and shape.</param>
    /// <param name="now">The time that commands are issued at.</param>
    public BettingTraffic(TrafficOptions options, Func<DateTimeOffset> now)
    {
        _options = options;
        // HashCode.Combine differs from process to process; the same seed must not.
        _random = new Random((options.Seed * 486_187_739) ^ (options.Run * 16_777_619) ^ 0x5bd1e995);
        _day = new BettingDay(options, _random, now);
    }

    /// <summary>The next message to send.</summary>
    public TrafficMessage Next()
    {
        _sent++;
        if (_held.Count > 0 && _held[0].At <= _sent)
        {
            var late = _held[0].Message;
            _held.RemoveAt(0);
            return Remember(late);
        }
        if (OutOfThousand(_options.MalformedPerThousand))
        {
            return Malformed();
        }
        if (_remembered > RememberedForDuplicates && OutOfThousand(_options.DuplicatesPerThousand))
        {
            return _recent[_random.Next(RememberedForDuplicates)] with { Nature = MessageNature.Duplicate };
        }
        var message = _day.Next();
        if (OutOfThousand(_options.LatePerThousand))
        {
            Hold(message);
            return Next();
        }
        return Remember(message);
    }

    /// <summary>What is still held back, so that an orderly end leaves nothing unsent.</summary>
    public IReadOnlyList<TrafficMessage> Rest()
    {
        var rest = _held.Select(held => held.Message).Concat(_day.Rest()).ToList();
        _held.Clear();
        return rest;
    }

    TrafficMessage Malformed()
    {
        // Each has a body of its own, so that one that is lost and one that comes twice do not look alike.
        var mark = string.Create(CultureInfo.InvariantCulture, $"{_options.Seed}.{_options.Run}.{_sent}");
        var id = new Guid(_random.Next(), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        string[] wrong =
        [
            $"{{\"id\":\"not a uuid {mark}\",\"kind\":\"place-bet\"}}",
            $"{{\"kind\":\"deposit\",\"note\":\"{mark}\",\"userId\":",
            $"[\"{mark}\"]",
            $"\"bet {mark}\"",
            $"{{\"id\":\"{id}\",\"kind\":\"buy-bet\",\"note\":\"{mark}\",\"issuedAt\":\"2026-01-01T00:00:00Z\"}}",
        ];
        return new TrafficMessage(
            _random.NextInt64(1, 1_000),
            System.Text.Encoding.UTF8.GetBytes(wrong[_random.Next(wrong.Length)]),
            MessageNature.Malformed
        );
    }

    void Hold(TrafficMessage message)
    {
        _held.Add((_sent + _random.Next(1, OvertakenByAtMost), message));
        _held.Sort((one, other) => one.At.CompareTo(other.At));
    }

    TrafficMessage Remember(TrafficMessage message) => _recent[_remembered++ % RememberedForDuplicates] = message;

    bool OutOfThousand(double share) => _random.NextDouble() * 1_000 < share;
}
