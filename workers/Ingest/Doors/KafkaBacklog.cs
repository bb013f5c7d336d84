using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Ingest.Doors;

/// <summary>
/// How much waits in this replica's partitions, and for how long one of them has stood still before its end. The consumer itself sees
/// no further than the last stable offset, where a publisher's open transaction holds up everything behind it; so the partitions'
/// leaders are asked for their ends with <c>read_uncommitted</c>, one question at a time and never awaited. For the consumer's thread alone.
/// </summary>
sealed class KafkaBacklog(TimeProvider clock)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    readonly Dictionary<TopicPartition, (long Position, long Since)> _standing = [];
    Dictionary<TopicPartition, long> _ends = [];
    Task<Dictionary<TopicPartition, long>>? _question;
    IAdminClient? _admin;

    /// <summary>Records behind what was read, those of open transactions too, and the longest time that a partition with some has not moved.</summary>
    public (long Records, TimeSpan Standing) Look(IConsumer<byte[]?, byte[]> consumer, KafkaEnds reached)
    {
        var partitions = consumer.Assignment;
        Ask(consumer, partitions);
        var (behind, longest) = (0L, TimeSpan.Zero);
        foreach (var partition in partitions)
        {
            var position = Math.Max(consumer.Position(partition).Value, reached.Last(partition));
            var end = Math.Max(consumer.GetWatermarkOffsets(partition).High.Value, _ends.GetValueOrDefault(partition, -1));
            if (position < 0 || end <= position)
            {
                _standing.Remove(partition);
                continue;
            }
            behind += end - position;
            if (!_standing.TryGetValue(partition, out var stands) || stands.Position != position)
            {
                _standing[partition] = stands = (position, clock.GetTimestamp());
            }
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, clock.GetElapsedTime(stands.Since).Ticks));
        }
        return (behind, longest);
    }

    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _standing.Remove(partition);
            _ends.Remove(partition);
        }
    }

    /// <summary>To be called before the consumer is closed, whose connections it uses.</summary>
    public void Close() => _admin?.Dispose();

    void Ask(IConsumer<byte[]?, byte[]> consumer, List<TopicPartition> partitions)
    {
        if (_question is { IsCompleted: false })
        {
            return;
        }
        if (_question is { } answered)
        {
            _ends = answered.Result;
        }
        _admin ??= new DependentAdminClientBuilder(consumer.Handle).Build();
        _question = partitions.Count == 0 ? null : EndsAsync(_admin, partitions);
    }

    // Without what could not be asked: an outage is told by the door's own requests.
    static async Task<Dictionary<TopicPartition, long>> EndsAsync(IAdminClient admin, List<TopicPartition> partitions)
    {
        var options = new ListOffsetsOptions { RequestTimeout = Limit, IsolationLevel = IsolationLevel.ReadUncommitted };
        var asked = partitions.ConvertAll(each => new TopicPartitionOffsetSpec { TopicPartition = each, OffsetSpec = OffsetSpec.Latest() });
        try
        {
            return Known((await admin.ListOffsetsAsync(asked, options)).ResultInfos);
        }
        catch (ListOffsetsException some)
        {
            return Known(some.Result.ResultInfos);
        }
        catch (KafkaException)
        {
            return [];
        }
    }

    static Dictionary<TopicPartition, long> Known(IEnumerable<ListOffsetsResultInfo> answers) => answers
        .Where(each => !each.TopicPartitionOffsetError.Error.IsError)
        .ToDictionary(each => each.TopicPartitionOffsetError.TopicPartition, each => each.TopicPartitionOffsetError.Offset.Value);
}
