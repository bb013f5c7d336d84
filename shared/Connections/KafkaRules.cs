using System.Reflection;
using System.Text.RegularExpressions;
using Betting.Brokers;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Connections;

/// <summary>
/// Checks section <c>Kafka</c> at boot: properties that a worker depends on are its own to set, and the client itself is asked whether
/// it knows the others and takes their values.
/// </summary>
/// <param name="choose">The worker's own choices for its consumer.</param>
/// <param name="limits">The worker's limits that the consumer's timeouts have to fit; null where it joins no group.</param>
sealed partial class KafkaRules(Action<ConsumerConfig> choose, Func<GroupLimits>? limits) : IValidateOptions<KafkaOptions>
{
    const string Prefix = $"{KafkaOptions.Section}:{nameof(KafkaOptions.Client)}:";

    // A property that is refused as Own; as the last of a configuration it has no value that librdkafka takes.
    const string NeverSet = "enable.partition.eof";

    // Why each may not be set.
    static readonly Dictionary<string, string> Own = new(StringComparer.Ordinal)
    {
        ["partition.assignment.strategy"] = "the worker gives partitions back in the way of one strategy",
        ["group.protocol"] = "the worker depends on the classic protocol",
        ["group.remote.assignor"] = "the worker depends on the classic protocol",
        ["group.instance.id"] = "replicas share their settings, and two members of one id shut each other out",
        ["group.id"] = "the group has a setting of its own, or is part of the contract",
        ["enable.auto.commit"] = "offsets are committed after their effect is durable",
        ["enable.auto.offset.store"] = "offsets are stored after their effect is durable",
        ["auto.commit.enable"] = "offsets are committed after their effect is durable",
        ["auto.commit.interval.ms"] = "offsets are committed after their effect is durable",
        ["offset.store.method"] = "offsets are the group's",
        ["auto.offset.reset"] = "a lost offset is an error and never a silent jump",
        ["allow.auto.create.topics"] = "topics are created by an operator, with their partitions",
        ["enable.partition.eof"] = "the worker chooses where it is told of ends",
        ["consume.callback.max.messages"] = "the worker polls",
        ["acks"] = "a send ends when all in-sync replicas have it",
        ["request.required.acks"] = "a send ends when all in-sync replicas have it",
        ["enable.idempotence"] = "order and confirmation depend on it",
        ["enable.gapless.guarantee"] = "the worker handles failed sends",
        ["transactional.id"] = "the worker uses no transactions",
        ["transaction.timeout.ms"] = "the worker uses no transactions",
        ["partitioner"] = "keys go to the partitions that other clients expect",
        ["delivery.report.only.error"] = "the worker waits for each confirmation",
        ["client.id"] = "the worker names its clients",
        ["bootstrap.servers"] = "use Kafka:BootstrapServers",
        ["metadata.broker.list"] = "use Kafka:BootstrapServers",
        ["security.protocol"] = "use Kafka:SecurityProtocol",
        ["sasl.mechanism"] = "use Kafka:SaslMechanism",
        ["sasl.mechanisms"] = "use Kafka:SaslMechanism",
        ["sasl.username"] = "use Kafka:SaslUsername",
        ["sasl.password"] = "use Kafka:SaslPassword",
        ["ssl.ca.location"] = "use Kafka:SslCaLocation",
    };

    static readonly string[] Names =
    [
        .. new[] { typeof(ClientConfig), typeof(ConsumerConfig), typeof(ProducerConfig) }
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            .Select(property => Words().Replace(property.Name, ".").ToLowerInvariant())
            .Distinct(),
    ];

    public ValidateOptionsResult Validate(string? name, KafkaOptions options)
    {
        var wrong = options.Client.SelectMany(each => Property(each.Key, each.Value)).ToList();
        if (wrong.Count == 0 && Whole(options) is { } refused)
        {
            wrong.Add(refused);
        }
        if (wrong.Count == 0 && limits is not null)
        {
            wrong.AddRange(limits().WhatIsWrong(options.Consumer(choose)));
        }
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    static IEnumerable<string> Property(string key, string value)
    {
        if (Own.TryGetValue(key, out var why))
        {
            yield return $"{Prefix}{key}: is not to be set: {why}{Quoted(key, value)}";
        }
        else if (key == "isolation.level" && value != "read_committed")
        {
            yield return $"{Prefix}{key}: read_committed alone: a transaction that its producer aborted must have no "
                + $"effect{Quoted(key, value)}";
        }
        else if (IsUnknown(key, value))
        {
            yield return $"{Prefix}{key}: librdkafka has no such property{Spelling.Hint(key, Names)}";
        }
        // Only a value that the property itself does not take. Whether it fits the other properties is seen when all of them are there.
        else if (Refusal(new ConsumerConfig(new Dictionary<string, string> { [key] = value })) is ArgumentException refused)
        {
            yield return $"{Prefix}{key}: {(IsSecret(key) ? "librdkafka does not take the value" : OneLine(refused))}";
        }
    }

    // Each property may be right while they do not fit together.
    string? Whole(KafkaOptions options)
    {
        // Without brokers it connects to nobody.
        var config = new ConsumerConfig(options.Consumer(choose).Where(each => each.Key != "bootstrap.servers").ToDictionary());
        if (Refusal(config) is not { } refused)
        {
            return null;
        }
        var quotesSecret = config.Any(each =>
            IsSecret(each.Key) && each.Value.Length > 0 && refused.Message.Contains(each.Value, StringComparison.Ordinal)
        );
        return $"{KafkaOptions.Section}: {(quotesSecret ? "librdkafka refuses these settings" : OneLine(refused))}";
    }

    // Some of librdkafka's messages end with a line break.
    static string OneLine(Exception refused) => refused.Message.ReplaceLineEndings(" ").Trim();

    static Exception? Refusal(ConsumerConfig config)
    {
        try
        {
            config.GroupId ??= "settings";
            new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build().Dispose();
            return null;
        }
        catch (Exception refused) when (refused is ArgumentException or InvalidOperationException or KafkaException or FormatException)
        {
            return refused;
        }
    }

    // The client sets properties one by one in their order. It throws InvalidOperationException for a name that librdkafka does not know,
    // and ArgumentException for a value that the property does not take. It also throws InvalidOperationException where the properties do
    // not fit together, but only after all are set: the last one here is never set, so that is not reached.
    static bool IsUnknown(string key, string value) =>
        Refusal(new ConsumerConfig(new Dictionary<string, string> { [key] = value, [NeverSet] = "neither true nor false" }))
        is InvalidOperationException;

    static bool IsSecret(string key) => SecretName().IsMatch(key);

    static string Quoted(string key, string value) => IsSecret(key) ? "" : $" (it is '{value.ReplaceLineEndings(" ")}')";

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex Words();

    [GeneratedRegex("password|secret|username|jaas|token|pem|private|oauthbearer")]
    private static partial Regex SecretName();
}
