using Betting.CdcSink.Commit;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Read;

/// <summary>
/// What the group gave this replica. Nothing of it is read before it is known where to begin, which asks ClickHouse: see
/// <see cref="TryBegin"/>. On the consumer's thread alone.
/// </summary>
sealed class OwnedPartitions(
    IConsumer<byte[]?, byte[]?> consumer,
    PartitionStarts starts,
    ReadPositions positions,
    OffsetCommits commits,
    Readiness readiness,
    TimeProvider clock,
    ILogger log
)
{
    // Nothing of the others is read meanwhile: what does not answer may cost a tenth of their time.
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1),
        AskAtLeastEvery = TimeSpan.FromSeconds(30);
    const int TimesOfALook = 10;

    readonly HashSet<TopicPartition> _owned = [];

    // What has no beginning yet, with the position that a broker refused.
    readonly Dictionary<TopicPartition, long?> _unbegun = [];
    long? _asked;
    TimeSpan _pause = AskAgainAfter;

    /// <summary>The group gave these; the consumer reads none of them yet.</summary>
    public void Take(List<TopicPartition> partitions)
    {
        Forget();
        foreach (var partition in partitions)
        {
            _owned.Add(partition);
            _unbegun[partition] = null;
        }
        _asked = null;
        readiness.Set(StreamConsumer.Condition, ready: partitions.Count == 0, "where to begin is not known yet");
    }

    /// <summary>The broker does not have the partition's position any more.</summary>
    public void Refused(TopicPartition partition)
    {
        if (positions.NextOf(partition) is { } next)
        {
            _unbegun[partition] = next;
        }
    }

    /// <summary>Begins what was assigned, what an order sends back, and what the broker does not have at its position any more.</summary>
    /// <returns>Those that began. Where there are any, the consumer was assigned anew, nothing of it paused.</returns>
    public IReadOnlyCollection<TopicPartition> TryBegin()
    {
        starts.Report();
        foreach (var partition in starts.Ordered(_owned).ToList())
        {
            _unbegun.TryAdd(partition, null);
        }
        if (_unbegun.Count == 0 || (_asked is { } last && clock.GetElapsedTime(last) < _pause))
        {
            return [];
        }
        var began = clock.GetTimestamp();
        commits.NextTurn(_unbegun.Keys);
        var begun = starts.TryBegin(consumer, _unbegun);
        _asked = clock.GetTimestamp();
        foreach (var (partition, position) in begun)
        {
            _unbegun.Remove(partition);
            positions.Begin(partition, position is { } first ? first with { Turn = commits.TurnOf(partition) } : null);
        }
        _pause = positions.Next.Any() ? PauseAfter(clock.GetElapsedTime(began)) : AskAgainAfter;
        if (begun.Count == 0)
        {
            return [];
        }
        // Not a seek, which a partition that stands at an error does not follow: all of them anew, each where it is.
        var next = positions.Next.ToList();
        consumer.Assign(next);
        CdcSinkLog.Assigned(log, string.Join(", ", next));
        readiness.Set(StreamConsumer.Condition, _unbegun.Count == 0, $"where to begin is not known yet of {_unbegun.Count} partitions");
        return [.. begun.Keys];
    }

    static TimeSpan PauseAfter(TimeSpan look) =>
        TimeSpan.FromTicks(Math.Clamp(look.Ticks * TimesOfALook, AskAgainAfter.Ticks, AskAtLeastEvery.Ticks));

    /// <summary>The group took all of them back.</summary>
    public void GiveBack(IEnumerable<TopicPartition> partitions)
    {
        Forget();
        commits.NextTurn(_owned);
        _owned.Clear();
        starts.Forget(partitions);
    }

    void Forget()
    {
        positions.Clear();
        _unbegun.Clear();
    }
}
