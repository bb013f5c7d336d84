using Betting.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Local.Cluster;

/// <summary>The topics of the platform, created before anybody writes to them; what is there already stays as it is.</summary>
public static class TopicSet
{
    public static readonly ChangeTopics Changes = new(ChangeTopics.DefaultPrefix);

    /// <summary>Topic and number of partitions.</summary>
    public static readonly IReadOnlyDictionary<string, int> All = Describe();

    public static async Task CreateAsync(EngineSet engines)
    {
        if (engines.Kafka is { } local)
        {
            await Task.WhenAll(All.Select(topic => local.CreateTopicAsync(topic.Key, topic.Value, SettingsOf(topic.Key))));
            return;
        }
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = engines.KafkaBootstrap })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        try
        {
            await admin.CreateTopicsAsync(
                All.Select(topic => new TopicSpecification
                {
                    Name = topic.Key,
                    NumPartitions = topic.Value,
                    ReplicationFactor = 1,
                    Configs = SettingsOf(topic.Key)?.ToDictionary(),
                })
            );
        }
        catch (CreateTopicsException some)
            when (some.Results.All(result => result.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists)) { }
    }

    static IReadOnlyDictionary<string, string>? SettingsOf(string topic) => topic == Topics.Commands ? Topics.CommandSettings : null;

    static Dictionary<string, int> Describe()
    {
        var topics = Changes.Tables.Append(Topics.Commands).ToDictionary(topic => topic, _ => 4);
        foreach (var topic in topics.Keys.ToList())
        {
            topics[Topics.DeadLetter(topic)] = 1;
        }
        topics[Changes.Messages] = topics[Changes.Transactions] = topics[Changes.Heartbeats] = 1;
        return topics;
    }
}
