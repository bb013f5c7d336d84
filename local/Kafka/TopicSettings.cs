using System.Collections.Concurrent;

namespace Betting.Local.Kafka;

/// <summary>The topics of this process and their settings, which DescribeConfigs tells. The mock cluster obeys none of them.</summary>
static class TopicSettings
{
    static readonly ConcurrentDictionary<string, ConcurrentDictionary<string, string>> Topics = new(StringComparer.Ordinal);

    /// <summary>What a topic of Kafka has where nobody sets anything.</summary>
    public static IReadOnlyDictionary<string, string> Defaults { get; } =
        new Dictionary<string, string>
        {
            ["cleanup.policy"] = "delete",
            ["compression.type"] = "producer",
            ["delete.retention.ms"] = "86400000",
            ["max.message.bytes"] = "1048588",
            ["message.timestamp.type"] = "CreateTime",
            ["min.insync.replicas"] = "1",
            ["retention.bytes"] = "-1",
            ["retention.ms"] = "604800000",
            ["segment.bytes"] = "1073741824",
            ["unclean.leader.election.enable"] = "false",
        };

    public static void Add(string topic) => Topics.TryAdd(topic, new(StringComparer.Ordinal));

    public static void Remove(string topic) => Topics.TryRemove(topic, out _);

    /// <summary>A null value takes the setting back. False where the topic is not there.</summary>
    public static bool TrySet(string topic, string name, string? value)
    {
        if (!Topics.TryGetValue(topic, out var settings))
            return false;
        if (value is null)
            settings.TryRemove(name, out _);
        else
            settings[name] = value;
        return true;
    }

    /// <returns>Each setting with its value and whether it was set for this topic; null where the topic is not there.</returns>
    public static IEnumerable<(string Name, string Value, bool IsSet)>? Of(string topic)
    {
        if (!Topics.TryGetValue(topic, out var now))
            return null;
        var settings = now.ToArray().ToDictionary();
        return Defaults
            .Keys.Union(settings.Keys)
            .Select(name => settings.TryGetValue(name, out string? value) ? (name, value, true) : (name, Defaults[name], false));
    }
}
