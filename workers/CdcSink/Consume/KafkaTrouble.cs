using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Consume;

/// <summary>Says what librdkafka meets with, each code once a minute: while brokers are away it tells the same many times a second.</summary>
sealed class KafkaTrouble(TimeProvider clock, ILogger log)
{
    static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);

    // Told by librdkafka's callbacks, which run on the reading thread.
    readonly Dictionary<ErrorCode, long> _said = [];

    public void Say(Error error)
    {
        if (_said.TryGetValue(error.Code, out var last) && clock.GetElapsedTime(last) < SayEvery)
        {
            return;
        }
        _said[error.Code] = clock.GetTimestamp();
        CdcSinkLog.KafkaTrouble(log, error.Code.ToString(), error.Reason);
    }
}
