using System.Globalization;
using Betting.Contracts;

namespace Betting.Connections;

/// <summary>Which settings of a topic lose records before a worker has read them; docs/ingest.md lists them.</summary>
public static class KafkaTopicRules
{
    /// <summary>Less than this is too short for <c>retention.ms</c>: an outage of a night would lose records.</summary>
    public static readonly TimeSpan LeastTime = TimeSpan.FromDays(1);

    /// <summary>Less than this is too little for <c>retention.bytes</c>, of each partition.</summary>
    public const long LeastBytes = 100L << 20;

    const string Compression = "compression.type",
        Timestamps = "message.timestamp.type";

    /// <summary>One line for each setting that loses records of the topic.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="settings">Its settings as the broker tells them; one that is missing is right.</param>
    public static IEnumerable<string> WhatIsBroken(string topic, IReadOnlyDictionary<string, string> settings)
    {
        if (Value("cleanup.policy") is { } policy && policy.Split(',', StringSplitOptions.TrimEntries).Contains("compact"))
        {
            yield return $"{topic} has cleanup.policy={policy}: of the records with one key all but the last are removed; "
                + "it has to be delete";
        }
        if (Number("retention.ms") is { } time and >= 0 && time < LeastTime.TotalMilliseconds)
        {
            yield return $"{topic} has retention.ms={time}: records are removed before a worker that was away for a day has read them; "
                + $"it has to be {LeastTime.TotalMilliseconds:F0} or more, or -1";
        }
        if (Number("retention.bytes") is { } bytes and >= 0 and < LeastBytes)
        {
            yield return $"{topic} has retention.bytes={bytes}: records are removed before a worker that was away has read them; "
                + $"it has to be {LeastBytes} or more, or -1";
        }
        if (Value("unclean.leader.election.enable") == "true")
        {
            yield return $"{topic} has unclean.leader.election.enable=true: a replica that lacks acknowledged records may become "
                + "the leader; it has to be false";
        }
        if (topic == Topics.Commands && Value(Compression) is { } compression && compression != Topics.CommandSettings[Compression])
        {
            yield return $"{topic} has {Compression}={compression}: records in batches that a publisher wrote in a way of its own are "
                + $"passed over, or end the worker; it has to be {Topics.CommandSettings[Compression]}";
        }
        if (topic == Topics.Commands && Value(Timestamps) is { } timestamps && timestamps != Topics.CommandSettings[Timestamps])
        {
            yield return $"{topic} has {Timestamps}={timestamps}: records whose publisher's clock is behind are removed before they "
                + $"are read; it has to be {Topics.CommandSettings[Timestamps]}";
        }

        string? Value(string name) => settings.GetValueOrDefault(name);

        long? Number(string name) =>
            long.TryParse(Value(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
