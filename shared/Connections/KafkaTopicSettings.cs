using Betting.Brokers;
using Betting.Hosting;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Connections;

/// <summary>
/// Looks once a minute at the settings of the topics that a worker reads or puts dead letters into, and reports those that lose records.
/// An outage is told by whoever consumes; brokers that do not show the settings are told once and change nothing.
/// </summary>
/// <param name="topics">Their names; one that is not made yet is passed over.</param>
/// <param name="kafka">The brokers.</param>
/// <param name="readiness">Told.</param>
/// <param name="heartbeats">The loop's own.</param>
/// <param name="clock">Intervals.</param>
/// <param name="log">Told.</param>
public sealed class KafkaTopicSettings(
    IReadOnlyCollection<string> topics,
    IOptions<KafkaOptions> kafka,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<KafkaTopicSettings> log
) : IWorkerLoop
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "kafka-settings";

    static readonly TimeSpan Every = TimeSpan.FromMinutes(1),
        WhileBroken = TimeSpan.FromSeconds(1),
        Incomplete = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    readonly SettingWatch _watch = new(Stores.Kafka, Condition, readiness, log);
    bool _hasSeen;

    public string Name => Condition;

    public async Task RunAsync(CancellationToken stopping)
    {
        using var admin = new AdminClientBuilder(kafka.Value.Admin()).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        while (true)
        {
            heartbeats.Beat(Name);
            await heartbeats.WhileAsync(Name, Task.Delay(await ReadAsync(admin, stopping), clock, stopping));
        }
    }

    // Returns the pause until the next look.
    async Task<TimeSpan> ReadAsync(IAdminClient admin, CancellationToken stopping)
    {
        if (await AskAsync(admin, stopping) is not { } answers)
        {
            return Incomplete;
        }
        var refused = answers.Select(answer => answer.Error).Except([ErrorCode.NoError, ErrorCode.UnknownTopicOrPart]).Order().ToList();
        _watch.DidNotSee(refused.Count > 0 ? string.Join(", ", refused) : null);
        if (refused.Count > 0)
        {
            // What was seen of such a topic before may still be so.
            if (!_hasSeen)
            {
                _watch.Saw([]);
            }
            return Every;
        }
        _hasSeen = true;
        var broken = answers.SelectMany(answer => KafkaTopicRules.WhatIsBroken(answer.Topic, answer.Settings)).ToList();
        var isWhole = !answers.Exists(answer => answer.Error == ErrorCode.UnknownTopicOrPart);
        _watch.Saw(broken);
        return broken.Count > 0 ? WhileBroken
            : isWhole ? Every
            : Incomplete;
    }

    // By topic its settings, none where the brokers do not tell them, and why; null where no broker answers.
    async Task<List<TopicSettings>?> AskAsync(IAdminClient admin, CancellationToken stopping)
    {
        try
        {
            var asked = topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic });
            var answers = await admin.DescribeConfigsAsync(asked, new() { RequestTimeout = Limit }).WaitAsync(stopping);
            return answers.ConvertAll(answer => new TopicSettings(answer.ConfigResource.Name, Values(answer.Entries), ErrorCode.NoError));
        }
        catch (DescribeConfigsException some) when (some.Results.TrueForAll(answer => KafkaOutage.DetailOf(answer.Error.Code) is null))
        {
            return some.Results.ConvertAll(answer => new TopicSettings(
                answer.ConfigResource.Name,
                answer.Error.IsError ? [] : Values(answer.Entries),
                answer.Error.Code
            ));
        }
        catch (KafkaException refused)
        {
            return KafkaOutage.DetailOf(refused.Error.Code) is null
                ? [.. topics.Select(topic => new TopicSettings(topic, [], refused.Error.Code))]
                : null;
        }
    }

    static Dictionary<string, string> Values(Dictionary<string, ConfigEntryResult> entries) =>
        entries.Values.ToDictionary(entry => entry.Name, entry => entry.Value);

    sealed record TopicSettings(string Topic, Dictionary<string, string> Settings, ErrorCode Error);
}
