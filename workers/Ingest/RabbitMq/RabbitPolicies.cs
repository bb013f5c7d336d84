using System.Text.Json;
using Betting.Brokers;
using Betting.Contracts;

namespace Betting.Ingest.RabbitMq;

/// <summary>Which keys of a policy lose messages of the queues of commands or change their order; docs/ingest.md lists them.</summary>
public static class RabbitPolicies
{
    /// <summary>The queues whose policies are looked at.</summary>
    public static IReadOnlyList<string> Queues { get; } = [Topics.Commands, Topics.DeadLetter(Topics.Commands)];

    /// <summary>One line for each key that loses messages of the queue or changes their order.</summary>
    /// <param name="queue">Its name.</param>
    /// <param name="policy">
    /// The JSON object <c>effective_policy_definition</c> of RabbitMQ's HTTP API: the policy that applies, merged with the operator policy.
    /// </param>
    public static IEnumerable<string> WhatIsBroken(string queue, JsonElement policy) =>
        policy.ValueKind != JsonValueKind.Object
            ? []
            : policy
                .EnumerateObject()
                .Select(key => (key.Name, Breaks: WhatBreaks(queue, key.Name, key.Value)))
                .Where(key => key.Breaks is not null)
                .Select(key => $"a policy sets {key.Name} for {queue}: {key.Breaks}");

    static string? WhatBreaks(string queue, string key, JsonElement value) =>
        key switch
        {
            "message-ttl" => "messages that wait longer are removed",
            "expires" => "the queue is deleted, with its messages, when nobody has used it for that time",
            "overflow" when value.ValueKind != JsonValueKind.String || value.GetString() != "reject-publish" => "a full queue removes its "
                + "oldest messages",
            "delivery-limit" when value.ValueKind != JsonValueKind.Number || value.GetDouble() < LeastLimit(queue) =>
                "messages that are delivered more often are removed",
            "dead-letter-exchange" or "dead-letter-routing-key" or "dead-letter-strategy" => "what RabbitMQ gives up goes elsewhere",
            "max-length" or "max-length-bytes" when queue == Topics.Commands => "a full queue refuses a command and takes the next one of "
                + "the same user, which overtakes it",
            _ => null,
        };

    static long LeastLimit(string queue) => queue == Topics.Commands ? CommandQueue.DeliveryLimit : CommandQueue.DeadLetterDeliveryLimit;
}
