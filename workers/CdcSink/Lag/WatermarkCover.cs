using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Decides up to which watermark everything is visible. A watermark that came through its own topic says that the connector has sent
/// what precedes it, not that all brokers have it. So each becomes a goal: the ends of all partitions of rows, read after it came; it is
/// reached once progress covers them. Pure; for one thread.
/// </summary>
/// <param name="settle">
/// How long a watermark waits before the ends are read, where nobody says that the brokers acknowledged what precedes it: a producer
/// sends several partitions at a time, so records that precede the watermark may reach Kafka after it.
/// </param>
/// <param name="clock">Measures the wait.</param>
public sealed class WatermarkCover(TimeSpan settle, TimeProvider clock)
{
    // The oldest that is not reached, and the newest: what lies between adds nothing.
    const int MaxGoals = 2;

    readonly List<Goal> _goals = [];
    (Watermark Watermark, long Since)? _settling;

    sealed record Goal(Watermark Watermark, IReadOnlyCollection<StreamEnd> Ends);

    /// <summary>A watermark came, and after that the ends of all partitions were read.</summary>
    /// <param name="watermark">The newest.</param>
    /// <param name="ends">Of every partition of the topics of rows.</param>
    /// <param name="isAcknowledged">True where the brokers are known to have acknowledged what precedes the watermark.</param>
    public void Aim(Watermark watermark, IReadOnlyCollection<StreamEnd> ends, bool isAcknowledged)
    {
        if (isAcknowledged)
        {
            _settling = null;
            Add(new Goal(watermark, ends));
            return;
        }
        _settling ??= (watermark, clock.GetTimestamp());
        if (_settling is { } waiting && clock.GetElapsedTime(waiting.Since) >= settle)
        {
            Add(new Goal(waiting.Watermark, ends));
            _settling = null;
        }
    }

    /// <summary>
    /// Not all partitions answered. A leader that was away may lack records that precede the watermark: the wait begins again.
    /// </summary>
    public void Interrupt() => _settling = null;

    /// <param name="progress">How far each partition is visible.</param>
    /// <param name="ends">Where all partitions end, read after <paramref name="progress"/>.</param>
    /// <returns>The newest watermark that everything is visible up to, if one was reached.</returns>
    public Watermark? Reach(
        IReadOnlyDictionary<(string Topic, int Partition), VisiblePartition> progress,
        IReadOnlyCollection<StreamEnd> ends
    )
    {
        var now = ends.ToDictionary(end => (end.Topic, end.Partition), end => end.End);
        // Ends only grow while a topic lives: goals of a former topic cannot be reached, and its progress proves nothing.
        _goals.RemoveAll(goal => goal.Ends.Any(end => now.GetValueOrDefault((end.Topic, end.Partition), -1) < end.End));
        if (now.Any(end => NextOf(progress, end.Key) > end.Value))
        {
            return null;
        }
        Watermark? reached = null;
        while (_goals is [var first, ..] && first.Ends.All(end => NextOf(progress, (end.Topic, end.Partition)) >= end.End))
        {
            reached = first.Watermark;
            _goals.RemoveAt(0);
        }
        return reached;
    }

    void Add(Goal goal)
    {
        if (_goals is [.., var last] && goal.Watermark.Version <= last.Watermark.Version)
        {
            return;
        }
        if (_goals.Count == MaxGoals)
        {
            _goals.RemoveAt(MaxGoals - 1);
        }
        _goals.Add(goal);
    }

    static long NextOf(IReadOnlyDictionary<(string, int), VisiblePartition> progress, (string, int) partition) =>
        progress.TryGetValue(partition, out var visible) ? visible.NextOffset : 0;
}
