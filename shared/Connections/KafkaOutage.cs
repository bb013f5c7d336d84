using Betting.Hosting;
using Confluent.Kafka;

namespace Betting.Connections;

/// <summary>
/// Tells of brokers that are away, for a consumer's thread. librdkafka says many times a second that a connection failed, and never
/// that the brokers are back: while they are away they are asked once a second.
/// </summary>
/// <param name="outages">Told.</param>
/// <param name="loop">The loop's name.</param>
/// <param name="other">Gets what is no outage, at most once a minute for each code.</param>
/// <param name="clock">Intervals.</param>
public sealed class KafkaOutage(Outages outages, string loop, Action<Error> other, TimeProvider clock)
{
    static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromMilliseconds(500), SayEvery = TimeSpan.FromMinutes(1);

    readonly Dictionary<ErrorCode, long> _said = [];
    long? _asked;

    /// <summary>The consumer's error handler.</summary>
    public void OnError(Error error)
    {
        switch (error.Code)
        {
            case ErrorCode.Local_AllBrokersDown:
                outages.Failed(Stores.Kafka, loop, "no broker answers");
                break;
            case ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Ssl:
                outages.Failed(Stores.Kafka, loop, $"it refuses access ({error.Code}): look at the Sasl and Ssl settings");
                break;
            // The reasons of the above.
            case ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut:
                break;
            default:
                if (!_said.TryGetValue(error.Code, out var last) || clock.GetElapsedTime(last) >= SayEvery)
                {
                    _said[error.Code] = clock.GetTimestamp();
                    other(error);
                }
                break;
        }
    }

    /// <summary>Sees whether brokers that were away are back; to be called often, on the consumer's thread.</summary>
    public void Look(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (!outages.IsAway(Stores.Kafka) || (_asked is { } asked && clock.GetElapsedTime(asked) < AskEvery))
        {
            return;
        }
        _asked = clock.GetTimestamp();
        try
        {
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            if (admin.GetMetadata(Patience).Brokers.Count > 0)
            {
                outages.Succeeded(Stores.Kafka, loop);
            }
        }
        catch (KafkaException)
        {
            // Still away: told once a minute.
            outages.Failed(Stores.Kafka, loop, "no broker answers");
        }
    }
}
