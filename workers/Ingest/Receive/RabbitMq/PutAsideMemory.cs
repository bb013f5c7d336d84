using System.Buffers.Binary;
using System.Security.Cryptography;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using RabbitMQ.Client;

namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// Messages that were put aside and could not be acknowledged, because their channel was gone: the broker delivers them again, and their
/// letters must not be sent again. RabbitMQ's messages have no place of their own, so a message is known by its bytes; of equal ones, as
/// many are left out as were put aside.
/// </summary>
/// <remarks>
/// Bounded in number and time. What is forgotten, or was put aside by a replica that was killed, is a dead letter twice;
/// <c>Ingest dead-letters</c> shows both as one.
/// </remarks>
public sealed class PutAsideMemory(TimeProvider clock)
{
    const int MaxCount = 20_000;

    // The broker delivers again as soon as there is a consumer; another replica may be that one.
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    readonly Dictionary<UInt128, (int Count, long Since)> _known = [];

    /// <summary>Called when its acknowledgement was not sent.</summary>
    public void Remember(Delivery delivery)
    {
        var print = PrintOf(delivery);
        lock (_gate)
        {
            if (_known.Count < MaxCount || _known.ContainsKey(print))
            {
                _known[print] = (_known.GetValueOrDefault(print).Count + 1, clock.GetTimestamp());
            }
        }
    }

    /// <returns>True where the message was put aside before; once for each time.</returns>
    public bool TryTake(Delivery delivery)
    {
        lock (_gate)
        {
            foreach (var (old, _) in _known.Where(known => clock.GetElapsedTime(known.Value.Since) > Lifetime).ToList())
            {
                _known.Remove(old);
            }
            if (_known.Count == 0)
            {
                return false;
            }
        }
        var print = PrintOf(delivery);
        lock (_gate)
        {
            if (!_known.TryGetValue(print, out var known))
            {
                return false;
            }
            _known[print] = known with { Count = known.Count - 1 };
            if (known.Count == 1)
            {
                _known.Remove(print);
            }
            return true;
        }
    }

    // The same whether the body came whole or cut, which is known by the hash of the whole one. A letter that was sent back is another
    // message: it counts how often. Of headers that were cut nothing is known: the broker adds to them. Such a letter cannot be sent back.
    static UInt128 PrintOf(Delivery delivery)
    {
        var body = delivery.Cut.FirstOrDefault(header => header.Key == LetterHeaders.Sha256).Value is { } sha256
            ? Convert.FromHexString(sha256)
            : SHA256.HashData(delivery.Body.Span);
        var headers = RabbitHeaders.Text((IReadOnlyBasicProperties)delivery.Original!);
        var identity = LetterIdentity.Of(BitConverter.GetBytes(LetterHeaders.ReplaysOf(headers)), body, headers);
        return BinaryPrimitives.ReadUInt128LittleEndian(identity);
    }
}
