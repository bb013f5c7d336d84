using System.Net.Sockets;
using Betting.Brokers;
using Betting.Hosting;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using Confluent.Kafka;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Connections;

/// <summary>The names of the stores in logs and metrics.</summary>
public static class Stores
{
    public const string Postgres = "PostgreSQL",
        ClickHouse = "ClickHouse",
        Kafka = "Kafka",
        Rabbit = "RabbitMQ",
        Redis = "Redis",
        Connect = "Kafka Connect";
}

/// <summary>Failures of Npgsql; a bare <see cref="TimeoutException"/> is Npgsql's while it connects.</summary>
sealed class PostgresFailures(IOptions<PostgresOptions> options, Func<PostgresSource> source) : IStoreFailures
{
    public string Name => Stores.Postgres;

    // With several hosts, which of them is silent.
    public string Store => $"PostgreSQL at {source().Report ?? Hosts(new NpgsqlConnectionStringBuilder(options.Value.ConnectionString))}";

    public string? Describe(Exception failure) =>
        failure switch
        {
            RedisTimeoutException => null,
            PostgresException { SqlState: ['2', '8', ..] } refused => $"it refuses access ({refused.SqlState}): {refused.MessageText}",
            PostgresException refused => $"{refused.MessageText} (SQLSTATE {refused.SqlState})",
            OlderPrimaryException or NoPrimaryException => failure.Message,
            NpgsqlException => Network.Describe(failure),
            TimeoutException => "no answer in time",
            AggregateException several => several.InnerExceptions.Select(Describe).FirstOrDefault(detail => detail is not null),
            _ => null,
        };

    static string Hosts(NpgsqlConnectionStringBuilder connection) => string.Join(", ", PostgresHosts.NamesOf(connection));
}

/// <summary>Failures of ClickHouse.Driver, which speaks HTTP.</summary>
public sealed class ClickHouseFailures(IOptions<ClickHouseOptions> options) : IStoreFailures
{
    public string Name => Stores.ClickHouse;

    public string Store
    {
        get
        {
            var settings = new ClickHouseClientSettings(options.Value.ConnectionString);
            return $"ClickHouse at {settings.Host}:{settings.Port}";
        }
    }

    public string? Describe(Exception failure) =>
        failure switch
        {
            ClickHouseServerException { ErrorCode: 516 or 192 or 193 or 194 or 497 } refused =>
                $"it refuses access (code {refused.ErrorCode})",
            ClickHouseServerException { ErrorCode: > 0 } refused => $"code {refused.ErrorCode}: {FirstLine(refused.Message)}",
            ClickHouseServerException => "an answer that is none of ClickHouse's",
            HttpRequestException or SocketException => Network.Describe(failure),
            IOException connection when Network.IsConnection(connection) => Network.Describe(failure),
            OperationCanceledException { InnerException: TimeoutException } => "no answer in time",
            _ => null,
        };

    static string FirstLine(string text) => text.Split('\n')[0] is var line && line.Length > 300 ? line[..300] : text.Split('\n')[0];
}

/// <summary>Failures of librdkafka.</summary>
sealed class KafkaFailures(IOptions<KafkaOptions> options) : IStoreFailures
{
    public string Name => Stores.Kafka;

    public string Store => $"Kafka at {options.Value.BootstrapServers}";

    public string? Describe(Exception failure) => failure is KafkaException { Error: var error } ? $"{error.Reason} ({error.Code})" : null;
}

/// <summary>Kafka Connect's REST interface. Its failures have the types of ClickHouse's, so whoever asks it names it.</summary>
sealed class ConnectFailures(IOptions<ConnectOptions> options) : IStoreFailures
{
    public string Name => Stores.Connect;

    public string Store => $"Kafka Connect at {options.Value.Url?.Authority}";

    public bool IsUsed => options.Value.IsKnown;

    public string? Describe(Exception failure) => null;
}

/// <summary>Failures of RabbitMQ.Client.</summary>
sealed class RabbitFailures(IOptions<RabbitMqOptions> options) : IStoreFailures
{
    public string Name => Stores.Rabbit;

    public string Store => $"RabbitMQ at {(RabbitAddress.TryParse(options.Value.Uri, out var address) ? address.Nodes : "RabbitMq:Uri")}";

    public string? Describe(Exception failure) => RabbitTrouble.Describe(failure);

    public bool IsSetting(Exception failure) => failure is QueueMismatchException;
}

/// <summary>Failures of StackExchange.Redis.</summary>
sealed class RedisFailures(IOptions<RedisOptions> options) : IStoreFailures
{
    public string Name => Stores.Redis;

    public string Store => $"Redis at {Servers(ConfigurationOptions.Parse(options.Value.ConnectionString, ignoreUnknown: true))}";

    public string? Describe(Exception failure) =>
        failure switch
        {
            RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } => "it refuses access: look at user and "
                + "password",
            RedisConnectionException connection => $"no connection ({connection.FailureType})",
            RedisTimeoutException => "no answer in time",
            RedisServerException refused => refused.Message.ReplaceLineEndings(" "),
            RedisException or RedisCommandException => failure.GetType().Name,
            _ => null,
        };

    static string Servers(ConfigurationOptions redis) => string.Join(", ", redis.EndPoints.Select(Address));

    static string Address(System.Net.EndPoint endpoint) =>
        endpoint is System.Net.DnsEndPoint name ? $"{name.Host}:{name.Port}" : endpoint.ToString() ?? "";
}
