using System.Globalization;
using Confluent.Kafka;

namespace Betting.Connections;

/// <summary>
/// The limits that keep a consumer in its group while it works: they have to fit each other, or a slow machine loses its partitions
/// again and again. docs/decisions/group-timeouts.md has the reasons.
/// </summary>
/// <param name="RebalanceWait">How long the worker waits for work in hand while its partitions are taken away.</param>
/// <param name="RebalanceSetting">The name of the setting of that wait; null where it is a part of the worker.</param>
/// <param name="Busy">The longest time between two polls: the look-ups at the beginning of partitions, and that wait.</param>
/// <param name="DrainLimit">How long the worker may take after SIGTERM.</param>
public sealed record GroupLimits(TimeSpan RebalanceWait, string? RebalanceSetting, TimeSpan Busy, TimeSpan DrainLimit)
{
    // librdkafka's own.
    const int DefaultSession = 45_000,
        DefaultHeartbeat = 3_000,
        DefaultMaxPoll = 300_000;

    /// <summary>What does not fit; each in one line that names the settings.</summary>
    public IEnumerable<string> WhatIsWrong(ConsumerConfig config)
    {
        var session = TimeSpan.FromMilliseconds(config.SessionTimeoutMs ?? DefaultSession);
        var heartbeat = TimeSpan.FromMilliseconds(config.HeartbeatIntervalMs ?? DefaultHeartbeat);
        var maxPoll = TimeSpan.FromMilliseconds(config.MaxPollIntervalMs ?? DefaultMaxPoll);
        if (heartbeat * 3 > session)
        {
            yield return $"Kafka:Client:heartbeat.interval.ms: at most a third of session.timeout.ms ({Ms(session)}), or one lost "
                + $"heartbeat is a lost member (it is {Ms(heartbeat)})";
        }
        if (RebalanceSetting is not null && RebalanceWait * 2 > session)
        {
            yield return $"{RebalanceSetting}: at most half of Kafka:Client:session.timeout.ms ({Ms(session)}), or the group goes on "
                + $"without this member while it waits (it is {RebalanceWait})";
        }
        if (RebalanceSetting is not null && RebalanceWait >= DrainLimit)
        {
            yield return $"{RebalanceSetting}: less than Http:DrainLimit ({DrainLimit}), or a drain ends before its last batch (it is "
                + $"{RebalanceWait})";
        }
        if (Busy > maxPoll)
        {
            yield return $"Kafka:Client:max.poll.interval.ms: at least {Ms(Busy)}, as long as the worker may go without a poll (it is "
                + $"{Ms(maxPoll)})";
        }
    }

    static string Ms(TimeSpan time) => time.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
}
