using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// Whether the topic is still the one that it was: a topic that is deleted and made again under the same name has another id. Asked when
/// partitions are assigned, and about once a second, without waiting, while they are read.
/// </summary>
/// <remarks>For the consumer's thread alone.</remarks>
/// <param name="topic">Its name.</param>
/// <param name="tellStuck">Called when its id cannot be asked for any more.</param>
sealed class TopicIdentity(string topic, Action tellStuck) : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    IAdminClient? _admin;
    Task<string?> _question = Task.FromResult<string?>(null);

    // A question has no answer beyond every limit: the client is not used again, nor disposed.
    volatile bool _isStuck;

    /// <summary>
    /// The topic's id; empty where the brokers are older than 2.8 and have none. Null where they do not tell it now: a partition has no
    /// leader.
    /// </summary>
    /// <exception cref="KafkaException">They do not answer, or the topic is not there.</exception>
    public string? Ask(IConsumer<byte[]?, byte[]> consumer)
    {
        _question.GetAwaiter().GetResult();
        _question = Task.FromResult<string?>(null);
        return AskAsync(consumer).GetAwaiter().GetResult();
    }

    /// <returns>The id that the last question brought; null where no answer has come since.</returns>
    public string? Poll(IConsumer<byte[]?, byte[]> consumer)
    {
        if (!_question.IsCompleted)
        {
            return null;
        }
        var answer = _question.Result;
        _question = Task.Run(() => TryAskAsync(consumer));
        return answer;
    }

    /// <summary>To be called before the consumer is closed, whose connections it uses; waits for a question that is open.</summary>
    public void Dispose()
    {
        _question.GetAwaiter().GetResult();
        if (!_isStuck)
        {
            _admin?.Dispose();
        }
        _admin = null;
    }

    async Task<string?> AskAsync(IConsumer<byte[]?, byte[]> consumer)
    {
        _admin ??= new DependentAdminClientBuilder(consumer.Handle).Build();
        // Where a partition has no leader, the client's DescribeTopics never answers, whatever its limit, and ends the process later.
        if (
            _isStuck
            || _admin.GetMetadata(topic, Limit).Topics is not [{ Error.IsError: false } seen]
            || seen.Partitions.Exists(each => each.Leader < 0 || each.Error.IsError)
        )
        {
            return null;
        }
        var options = new DescribeTopicsOptions { RequestTimeout = Limit };
        try
        {
            var answer = await _admin
                .DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), options)
                .WaitAsync(2 * Limit)
                .ConfigureAwait(false);
            var id = answer.TopicDescriptions.Single().TopicId;
            return id is null || id.MostSignificantBits == 0 && id.LeastSignificantBits == 0 ? "" : id.ToString();
        }
        catch (TimeoutException)
        {
            _isStuck = true;
            tellStuck();
            return null;
        }
    }

    // The door's own requests tell of an outage.
    async Task<string?> TryAskAsync(IConsumer<byte[]?, byte[]> consumer)
    {
        try
        {
            return await AskAsync(consumer).ConfigureAwait(false);
        }
        catch (KafkaException)
        {
            return null;
        }
    }
}
