using Betting.Brokers;
using Betting.Hosting;
using ClickHouse.Driver;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Connections;

/// <summary>Adds the clients of the stores, each with its options checked at boot. None of them connects before its first use.</summary>
public static class ConnectionServices
{
    // A session keeps the settings that its role and its database had when it began.
    static readonly TimeSpan SessionLifetime = TimeSpan.FromMinutes(1);

    /// <summary>A <see cref="PostgresSource"/>, which follows the primary where several hosts are named.</summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="application">The name that PostgreSQL shows for its connections.</param>
    /// <param name="choose">
    /// The worker's own choices of connection settings; the operator's connection string has been read by then.
    /// </param>
    public static IServiceCollection AddPostgres(
        this IServiceCollection services,
        string application,
        Action<NpgsqlConnectionStringBuilder>? choose = null
    ) =>
        services
            .AddSection<PostgresOptions>(PostgresOptions.Section)
            .AddSingleton<IStoreFailures>(provider => new PostgresFailures(provider.GetRequiredService<IOptions<PostgresOptions>>(), () =>
                provider.GetRequiredService<PostgresSource>()
            ))
            .AddSingleton(provider =>
            {
                var options = provider.GetRequiredService<IOptions<PostgresOptions>>();
                var settings = new NpgsqlConnectionStringBuilder(options.Value.ConnectionString);
                settings.ApplicationName ??= application;
                PostgresSessions.SeeAllRows(settings);
                choose?.Invoke(settings);
                if (settings.ConnectionLifetime == new NpgsqlConnectionStringBuilder().ConnectionLifetime)
                {
                    settings.ConnectionLifetime = (int)SessionLifetime.TotalSeconds;
                }
                var (loggers, clock) = (provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<TimeProvider>());
                return new PostgresHosts(application, loggers, clock).Open(settings);
            });

    /// <summary>
    /// PostgreSQL for a verb that works without it as well: checked where the connection string is given; there is no data source where it
    /// is not.
    /// </summary>
    public static IServiceCollection AddOptionalPostgres(
        this IServiceCollection services,
        IConfiguration configuration,
        string application,
        Action<NpgsqlConnectionStringBuilder>? choose = null
    ) =>
        string.IsNullOrEmpty(configuration.GetSection(PostgresOptions.Section)[nameof(PostgresOptions.ConnectionString)])
            ? services
            : services.AddPostgres(application, choose);

    /// <summary>Looks at PostgreSQL's settings while the worker runs. See <see cref="PostgresSettings"/>.</summary>
    public static IServiceCollection AddPostgresSettings(this IServiceCollection services, PostgresNeeds needs) =>
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<PostgresSettings>(provider, needs)).AddLoop<PostgresSettings>();

    /// <summary>The brokers' address and rights, checked at boot together with the worker's own choices.</summary>
    /// <param name="services">Where they are added.</param>
    /// <param name="choose">The worker's own choices for its consumer; none where it joins no group.</param>
    /// <param name="limits">The worker's limits that the consumer's timeouts have to fit.</param>
    public static IServiceCollection AddKafka(
        this IServiceCollection services,
        Action<IServiceProvider, ConsumerConfig>? choose = null,
        Func<IServiceProvider, GroupLimits>? limits = null
    ) =>
        services
            .AddSection<KafkaOptions>(KafkaOptions.Section)
            .AddSingleton<IStoreFailures, KafkaFailures>()
            .AddSingleton<IValidateOptions<KafkaOptions>>(provider => new KafkaRules(
                config => choose?.Invoke(provider, config),
                limits is null ? null : () => limits(provider)
            ));

    /// <summary>Looks at the settings of topics while the worker runs. See <see cref="KafkaTopicSettings"/>.</summary>
    public static IServiceCollection AddKafkaTopicSettings(
        this IServiceCollection services,
        Func<IServiceProvider, IReadOnlyCollection<string>> topics
    ) =>
        services
            .AddSingleton(provider => ActivatorUtilities.CreateInstance<KafkaTopicSettings>(provider, topics(provider)))
            .AddLoop<KafkaTopicSettings>();

    /// <summary>A <see cref="ConnectOffsets"/> for the connector of one topic prefix.</summary>
    public static IServiceCollection AddConnectOffsets(this IServiceCollection services, Func<IServiceProvider, string> topicPrefix) =>
        services
            .AddSection<ConnectOptions>(ConnectOptions.Section)
            .AddSingleton<IStoreFailures, ConnectFailures>()
            .AddSingleton(provider => new ConnectOffsets(
                provider.GetRequiredService<IOptions<ConnectOptions>>().Value,
                topicPrefix(provider)
            ));

    /// <summary>The brokers' addresses for a verb that needs one of them: whichever is named is checked, neither is required.</summary>
    public static IServiceCollection AddOptionalBrokers(this IServiceCollection services, IConfiguration configuration)
    {
        var (rabbit, kafka) = (configuration.GetSection(RabbitMqOptions.Section), configuration.GetSection(KafkaOptions.Section));
        _ = string.IsNullOrEmpty(rabbit[nameof(RabbitMqOptions.Uri)])
            ? services.Configure<RabbitMqOptions>(_ => { })
            : services.AddRabbitMq();
        _ = string.IsNullOrEmpty(kafka[nameof(KafkaOptions.BootstrapServers)])
            ? services.Configure<KafkaOptions>(_ => { })
            : services.AddKafka();
        return services;
    }

    public static IServiceCollection AddRabbitMq(this IServiceCollection services) =>
        services.AddSection<RabbitMqOptions>(RabbitMqOptions.Section).AddSingleton<IStoreFailures, RabbitFailures>();

    public static IServiceCollection AddClickHouse(this IServiceCollection services) =>
        services
            .AddSection<ClickHouseOptions>(ClickHouseOptions.Section)
            .AddSingleton<IStoreFailures, ClickHouseFailures>()
            .AddSingleton(provider => new ClickHouseClient(
                ClickHouseSettings.Of(provider.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString)
            ));

    /// <summary>An <see cref="IConnectionMultiplexer"/> that keeps trying while Redis is away.</summary>
    public static IServiceCollection AddRedis(this IServiceCollection services, string application) =>
        services
            .AddSection<RedisOptions>(RedisOptions.Section)
            .AddSingleton<IStoreFailures, RedisFailures>()
            .AddSingleton<IConnectionMultiplexer>(provider =>
            {
                var configuration = ConfigurationOptions.Parse(
                    provider.GetRequiredService<IOptions<RedisOptions>>().Value.ConnectionString
                );
                configuration.AbortOnConnectFail = false;
                configuration.ClientName ??= application;
                return ConnectionMultiplexer.Connect(configuration);
            });
}
