using System.ComponentModel.DataAnnotations;
using Confluent.Kafka;

namespace Betting.Brokers;

/// <summary>Section <c>Kafka</c>: how to reach the brokers. TLS and SASL are settings, never code.</summary>
public sealed class KafkaOptions : IValidatableObject
{
    public const string Section = "Kafka";

    // librdkafka's own.
    const int DefaultHeartbeatMs = 3_000;

    // librdkafka finds out by a request without an answer that a connection leads nowhere. Its own limit of 60 s is longer than the
    // session of 45 s, so a member would lose its partitions; 30 s is the Java client's request.timeout.ms.
    const int AnswerLimitMs = 30_000;

    /// <summary>host:port, several separated by commas.</summary>
    [Required(ErrorMessage = "required, for example 127.0.0.1:9092")]
    public string BootstrapServers { get; set; } = "";

    public SecurityProtocol? SecurityProtocol { get; set; }
    public SaslMechanism? SaslMechanism { get; set; }
    public string? SaslUsername { get; set; }
    public string? SaslPassword { get; set; }

    /// <summary>File of the certificate authority that signed the brokers' certificates.</summary>
    public string? SslCaLocation { get; set; }

    /// <summary>
    /// Any other librdkafka setting by its own name, for example <c>session.timeout.ms</c>; wins over the worker's own choice; what a
    /// worker depends on is refused at boot.
    /// </summary>
    public Dictionary<string, string> Client { get; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!BrokerList.IsValid(BootstrapServers))
        {
            yield return new ValidationResult(BrokerList.Form, [nameof(BootstrapServers)]);
        }
        // "probe" lets librdkafka look for the system's own.
        if (SslCaLocation is not (null or "" or "probe") && !File.Exists(SslCaLocation) && !Directory.Exists(SslCaLocation))
        {
            yield return new ValidationResult("a file or folder that is there", [nameof(SslCaLocation)]);
        }
    }

    public ProducerConfig Producer(Action<ProducerConfig> choose) => Apply(new ProducerConfig(), choose);

    public ConsumerConfig Consumer(Action<ConsumerConfig> choose)
    {
        var config = Apply(new ConsumerConfig(), choose);
        // A shorter session needs more heartbeats: a third of it, as Kafka's documentation advises.
        if (config.HeartbeatIntervalMs is null && config.SessionTimeoutMs is { } session && session < 3 * DefaultHeartbeatMs)
        {
            config.HeartbeatIntervalMs = session / 3;
        }
        return config;
    }

    public AdminClientConfig Admin() => Apply(new AdminClientConfig(), _ => { });

    T Apply<T>(T config, Action<T> choose)
        where T : ClientConfig
    {
        config.BootstrapServers = BootstrapServers;
        config.SecurityProtocol = SecurityProtocol;
        config.SaslMechanism = SaslMechanism;
        config.SaslUsername = SaslUsername;
        config.SaslPassword = SaslPassword;
        config.SslCaLocation = SslCaLocation;
        config.SocketTimeoutMs = AnswerLimitMs;
        config.SocketKeepaliveEnable = true;
        choose(config);
        foreach (var (key, value) in Client)
        {
            config.Set(key, value);
        }
        return config;
    }
}
