using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Brokers;

/// <summary>Where partitions begin and end by their leaders' word, for any number of them within one limit.</summary>
public static class TopicOffsets
{
    /// <param name="admin">Of the brokers.</param>
    /// <param name="partitions">Asked for; one without a leader would hold up the answer for all others.</param>
    /// <param name="spec">Which offset of each.</param>
    /// <param name="limit">Of the request.</param>
    /// <param name="isolation">
    /// Whether the end is behind uncommitted transactions too; a consumer of committed records sees no further than the last stable offset.
    /// </param>
    /// <returns>The offsets of the partitions whose leaders answered.</returns>
    /// <exception cref="KafkaException">No leader answered within the limit.</exception>
    public static async Task<Dictionary<TopicPartition, long>> OfAsync(
        IAdminClient admin,
        List<TopicPartition> partitions,
        OffsetSpec spec,
        TimeSpan limit,
        IsolationLevel isolation = IsolationLevel.ReadUncommitted
    )
    {
        var options = new ListOffsetsOptions { RequestTimeout = limit, IsolationLevel = isolation };
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
        answers
            .Where(each => !each.TopicPartitionOffsetError.Error.IsError && each.TopicPartitionOffsetError.Offset.Value >= 0)
            .ToDictionary(each => each.TopicPartitionOffsetError.TopicPartition, each => each.TopicPartitionOffsetError.Offset.Value);
}
