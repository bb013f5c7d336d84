using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The limit (b): reading the same topics with the worker's client and throwing every record away.</summary>
static class ConsumeOnly
{
    /// <returns>Records a second, after the warm-up.</returns>
    public static double Rate(string bootstrap, int warmUp, int measured, TimeProvider clock, CancellationToken cancellation)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig
            {
                BootstrapServers = bootstrap,
                GroupId = "consume-only",
                EnableAutoCommit = false,
                FetchWaitMaxMs = 10,
                SessionTimeoutMs = 6000,
                QueuedMaxMessagesKbytes = 65_536,
                FetchQueueBackoffMs = 5,
                AutoOffsetReset = AutoOffsetReset.Earliest,
            }
        ).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(new ChangeTopics(ChangeTopics.DefaultPrefix).Tables);
        for (var i = 0; i < warmUp; )
        {
            cancellation.ThrowIfCancellationRequested();
            i += consumer.Consume(TimeSpan.FromMilliseconds(100)) is null ? 0 : 1;
        }
        var started = clock.GetTimestamp();
        for (var i = 0; i < measured; )
        {
            cancellation.ThrowIfCancellationRequested();
            i += consumer.Consume(TimeSpan.FromMilliseconds(100)) is null ? 0 : 1;
        }
        var rate = measured / clock.GetElapsedTime(started).TotalSeconds;
        consumer.Close();
        return rate;
    }
}
