using Betting.Brokers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Replies;

/// <summary>What is known of a reply address.</summary>
public enum Trust
{
    /// <summary>It may be sent to together with others.</summary>
    Shared,

    /// <summary>It may make RabbitMQ end the channel: sent to alone.</summary>
    Alone,

    /// <summary>RabbitMQ ended the channel over it less than a minute ago.</summary>
    Unusable,
}

/// <summary>
/// Remembers over which reply addresses RabbitMQ ends a channel. A direct reply-to address names a process of the broker. Before
/// RabbitMQ 4.2 the channel that publishes to it crashes where the address cannot be decoded, in 3.10 also where the node that it names
/// has left the cluster. So such an address is shared only after one confirmed answer.
/// </summary>
public sealed class ReplyTrust(TimeProvider clock)
{
    public static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(1);

    // A client has one address for as long as its channel is open. Beyond this many, addresses are learnt anew.
    const int MostAddresses = 20_000;

    readonly Lock _gate = new();
    readonly HashSet<string> _proven = [],
        _doubted = [];
    readonly Dictionary<string, long> _unusable = [];

    /// <summary>True for an address that RabbitMQ delivers to without a queue.</summary>
    public static bool IsDirect(string queue) => queue.StartsWith("amq.rabbitmq.reply-to.", StringComparison.Ordinal);

    /// <summary>True where RabbitMQ ended the channel or the connection because of an error that one answer may have caused.</summary>
    /// <remarks>Not its shutdown, a failed network, or a missing right: no address is the cause of those.</remarks>
    public static bool IsEndedByBroker(OperationInterruptedException ended) =>
        ended.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: not Constants.ConnectionForced }
        && !RabbitTrouble.IsRefused(ended);

    public Trust Of(string queue)
    {
        lock (_gate)
        {
            if (_unusable.TryGetValue(queue, out var since))
            {
                if (clock.GetElapsedTime(since) < RememberFor)
                {
                    return Trust.Unusable;
                }
                _unusable.Remove(queue);
            }
            return (IsDirect(queue) ? _proven.Contains(queue) : !_doubted.Contains(queue)) ? Trust.Shared : Trust.Alone;
        }
    }

    /// <summary>RabbitMQ took an answer that was alone.</summary>
    public void Proved(string queue)
    {
        lock (_gate)
        {
            _doubted.Remove(queue);
            if (IsDirect(queue))
            {
                MakeRoom(_proven).Add(queue);
            }
        }
    }

    /// <summary>A channel ended that had several answers on their way, one of them to this address.</summary>
    public void Doubt(string queue)
    {
        lock (_gate)
        {
            if (!_proven.Remove(queue) && !IsDirect(queue))
            {
                MakeRoom(_doubted).Add(queue);
            }
        }
    }

    /// <summary>RabbitMQ ended the channel while this answer was alone on it.</summary>
    public void Refuse(string queue)
    {
        lock (_gate)
        {
            if (_unusable.Count >= MostAddresses)
            {
                _unusable.Clear();
            }
            _unusable[queue] = clock.GetTimestamp();
        }
    }

    static HashSet<string> MakeRoom(HashSet<string> addresses)
    {
        if (addresses.Count >= MostAddresses)
        {
            addresses.Clear();
        }
        return addresses;
    }
}
