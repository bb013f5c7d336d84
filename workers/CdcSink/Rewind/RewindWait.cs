using System.Globalization;
using Betting.CdcSink.KafkaTopics;
using Confluent.Kafka;

namespace Betting.CdcSink.Rewind;

/// <summary>Follows orders until replicas have obeyed them and read again up to where the group stood.</summary>
sealed class RewindWait(RewindStore store, GroupPlaces group, string name, TimeProvider clock)
{
    static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(5);

    /// <param name="orders">The orders.</param>
    /// <param name="stood">Where each partition stood before; what it was ordered to skip is not waited for.</param>
    /// <param name="look">How often to look.</param>
    /// <param name="tell">Told every few seconds how far it is.</param>
    /// <param name="cancellation">Ends the waiting; the orders stand.</param>
    public async Task UntilReadAsync(
        IReadOnlyList<RewindOrder> orders,
        IReadOnlyDictionary<TopicPartition, long> stood,
        TimeSpan look,
        Action<string> tell,
        CancellationToken cancellation
    )
    {
        var partitions = orders.Select(order => order.Partition).ToList();
        long? told = null;
        while (true)
        {
            var ids = orders.Select(order => order.Id).ToHashSet();
            var open = (await store.OpenAsync(name, cancellation)).Count(order => ids.Contains(order.Id));
            var now = await Task.Run(() => group.Committed(partitions), cancellation);
            var left = orders.Sum(order => Math.Max(0, stood.GetValueOrDefault(order.Partition) - now.GetValueOrDefault(order.Partition)));
            if (open == 0 && left == 0)
            {
                return;
            }
            if (told is null || clock.GetElapsedTime(told.Value) >= TellEvery)
            {
                told = clock.GetTimestamp();
                tell(
                    open > 0
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $"{open} of {orders.Count} partitions wait for a replica to begin; the order stands also when nobody waits here"
                        )
                        : string.Create(CultureInfo.InvariantCulture, $"{left} records to go")
                );
            }
            await Task.Delay(look, clock, cancellation);
        }
    }
}
