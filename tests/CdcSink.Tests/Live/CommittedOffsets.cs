using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Watches what the group has committed: an offset that goes back was committed by a member that no longer owned its partition.
/// </summary>
sealed class CommittedOffsets : IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200),
        Patience = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource _stopping = new();
    readonly Task _watching;
    readonly Dictionary<TopicPartition, long> _seen = [];
    readonly List<string> _wentBack = [];

    public CommittedOffsets(string bootstrapServers, string group, int partitions) =>
        _watching = Task.Run(() =>
            WatchAsync(
                bootstrapServers,
                group,
                [.. Enumerable.Range(0, partitions).Select(n => new TopicPartition(new ChangeTopics(ChangeTopics.DefaultPrefix).Bets, n))]
            )
        );

    /// <summary>Ends the watch.</summary>
    /// <returns>What went back; empty where nothing did.</returns>
    public async Task<IReadOnlyList<string>> WentBackAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        return _seen.Count == 0 ? ["nothing was ever committed"] : _wentBack;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        _stopping.Dispose();
    }

    async Task WatchAsync(string bootstrapServers, string group, TopicPartition[] partitions)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = group }
        )
            .SetLogHandler((_, _) => { })
            .Build();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Look(consumer.Committed(partitions, Patience));
            }
            catch (KafkaException)
            {
                // A broker that is short of time answers the next question.
            }
            await Task.WhenAny(Task.Delay(Every, TimeProvider.System, _stopping.Token));
        }
    }

    void Look(IEnumerable<TopicPartitionOffset> committed)
    {
        foreach (var each in committed.Where(each => !each.Offset.IsSpecial))
        {
            if (_seen.TryGetValue(each.TopicPartition, out var before) && each.Offset.Value < before)
            {
                _wentBack.Add($"{each.TopicPartition} from {before} to {each.Offset.Value}");
            }
            _seen[each.TopicPartition] = each.Offset.Value;
        }
    }
}
