using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Connections;

/// <summary>Where partitions begin and end by their leaders' word, uncommitted transactions included: a consumer sees no further than the last stable offset.</summary>
public static class TopicOffsets
{
    /// <returns>The offsets of the partitions whose leaders answered.</returns>
    /// <exception cref="KafkaException">No leader answered within the limit.</exception>
    public static async Task<Dictionary<TopicPartition, long>> OfAsync(IAdminClient admin, List<TopicPartition> partitions, OffsetSpec spec, TimeSpan limit)
    {
        var options = new ListOffsetsOptions { RequestTimeout = limit, IsolationLevel = IsolationLevel.ReadUncommitted };
        var asked = partitions.ConvertAll(each => new TopicPartitionOffsetSpec { TopicPartition = each, OffsetSpec = spec });
        try
        {
            return Answered((await admin.ListOffsetsAsync(asked, options)).ResultInfos);
        }
        catch (ListOffsetsException some) when (some.Result.ResultInfos.Count > 0)
        {
            return Answered(some.Result.ResultInfos);
        }
    }

    static Dictionary<TopicPartition, long> Answered(IEnumerable<ListOffsetsResultInfo> answers) =>
        answers.Where(each => !each.TopicPartitionOffsetError.Error.IsError && each.TopicPartitionOffsetError.Offset.Value >= 0)
            .ToDictionary(each => each.TopicPartitionOffsetError.TopicPartition, each => each.TopicPartitionOffsetError.Offset.Value);
}
