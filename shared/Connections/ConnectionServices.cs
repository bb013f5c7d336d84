using Betting.Hosting;
using ClickHouse.Driver;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Connections;

/// <summary>Adds the clients of the stores, each with its options checked at boot. None of them connects before its first use.</summary>
public static class ConnectionServices
{
    /// <summary>An <see cref="NpgsqlDataSource"/> that follows the primary where several hosts are named.</summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="application">The name that PostgreSQL shows for its connections.</param>
    /// <param name="choose">The worker's own choices of connection settings; the operator's connection string has been read by then.</param>
    public static IServiceCollection AddPostgres(this IServiceCollection services, string application, Action<NpgsqlConnectionStringBuilder>? choose = null) =>
        services.AddSection<PostgresOptions>(PostgresOptions.Section).AddSingleton(provider =>
        {
            var builder = new NpgsqlDataSourceBuilder(provider.GetRequiredService<IOptions<PostgresOptions>>().Value.ConnectionString);
            builder.ConnectionStringBuilder.ApplicationName ??= application;
            choose?.Invoke(builder.ConnectionStringBuilder);
            builder.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
            var severalHosts = builder.ConnectionStringBuilder.Host?.Contains(',', StringComparison.Ordinal) ?? false;
            if (severalHosts)
            {
                // How long it is remembered which host is the primary: as long as a failover may go unnoticed.
                builder.ConnectionStringBuilder.HostRecheckSeconds = 1;
            }
            return severalHosts ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary) : builder.Build();
        });

    public static IServiceCollection AddKafka(this IServiceCollection services) => services.AddSection<KafkaOptions>(KafkaOptions.Section);

    /// <summary>A <see cref="ConnectOffsets"/> for the connector of one topic prefix.</summary>
    public static IServiceCollection AddConnectOffsets(this IServiceCollection services, Func<IServiceProvider, string> topicPrefix) =>
        services.AddSection<ConnectOptions>(ConnectOptions.Section).AddSingleton(provider =>
            new ConnectOffsets(provider.GetRequiredService<IOptions<ConnectOptions>>().Value, topicPrefix(provider)));

    public static IServiceCollection AddRabbitMq(this IServiceCollection services) => services.AddSection<RabbitMqOptions>(RabbitMqOptions.Section);

    public static IServiceCollection AddClickHouse(this IServiceCollection services) =>
        services.AddSection<ClickHouseOptions>(ClickHouseOptions.Section).AddSingleton(provider =>
            new ClickHouseClient(provider.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString));

    /// <summary>An <see cref="IConnectionMultiplexer"/> that keeps trying while Redis is away.</summary>
    public static IServiceCollection AddRedis(this IServiceCollection services, string application) =>
        services.AddSection<RedisOptions>(RedisOptions.Section).AddSingleton<IConnectionMultiplexer>(provider =>
        {
            var configuration = ConfigurationOptions.Parse(provider.GetRequiredService<IOptions<RedisOptions>>().Value.ConnectionString);
            configuration.AbortOnConnectFail = false;
            configuration.ClientName ??= application;
            return ConnectionMultiplexer.Connect(configuration);
        });
}
