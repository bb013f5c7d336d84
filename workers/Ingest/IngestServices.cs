using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Betting.Ingest.Acknowledge;
using Betting.Ingest.Attempts;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Decode;
using Betting.Ingest.Failures;
using Betting.Ingest.Parking;
using Betting.Ingest.Postgres;
using Betting.Ingest.RabbitMq;
using Betting.Ingest.Receive.Kafka;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Ingest.Replies;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest;

/// <summary>What the running worker is made of.</summary>
static class IngestServices
{
    public static void AddIngest(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        // Doors and loops end together: the connection to RabbitMQ waits for the batches that its door has in hand.
        services.Configure<HostOptions>(host => host.ServicesStopConcurrently = true);
        services.AddSection<IngestOptions>(IngestOptions.Section);
        services.AddPostgres("ingest", PrepareAndIndex);
        services.AddPostgresSettings(PostgresNeeds.Durability | PostgresNeeds.Writes);
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<FollowedCommands>();
        services.AddSingleton<CheckedClock>();
        services.AddSingleton<CommitWatch>();
        services.AddSingleton<DurableTransactions>();
        services.AddSingleton<BatchTransaction>();
        services.AddSingleton<DeadLetterTable>();
        services.AddSingleton<PostgresAvailability>();
        services.AddSingleton<ClockWatch>();
        services.AddLoop<ParkedLoop>();
        // Which doors there are has to be known before options are checked; a bad name is reported by that check.
        var doors = new IngestOptions();
        doors.Doors = builder.Configuration[$"{IngestOptions.Section}:{nameof(IngestOptions.Doors)}"] ?? doors.Doors;
        if (doors.Opens(Door.RabbitMq))
        {
            AddRabbitDoor(services);
            if (!string.IsNullOrEmpty(builder.Configuration[$"{RabbitMqOptions.Section}:{nameof(RabbitMqOptions.ManagementUri)}"]))
            {
                services.AddLoop<RabbitSettings>();
            }
        }
        if (doors.Opens(Door.Kafka))
        {
            AddKafkaDoor(services);
        }
    }

    static void AddRabbitDoor(IServiceCollection services)
    {
        services.AddRabbitMq();
        services.AddSingleton<RabbitQueues>();
        services.AddSingleton(provider =>
            ActivatorUtilities.CreateInstance<RabbitReturns>(
                provider,
                Letters<RabbitDeadLetters>(provider, RabbitDoor.Door, provider.GetRequiredService<ILogger<RabbitReturns>>())
            )
        );
        services.AddSingleton<RabbitDeadLetters>();
        services.AddSingleton<ReplyRules>();
        services.AddSingleton<FirstOutcomes>();
        services.AddSingleton<RabbitReplies>();
        services.AddSingleton<RabbitInbox>();
        services.AddSingleton<RabbitReader>();
        services.AddSingleton(provider =>
            ActivatorUtilities.CreateInstance<RabbitDoor>(provider, Handler<RabbitDeadLetters>(provider, "rabbitmq"))
        );
        services.AddLoop<RabbitDoor>();
        services.AddLoop<RabbitWatch>();
    }

    static void AddKafkaDoor(IServiceCollection services)
    {
        services.AddKafka(
            (_, config) => CommandTopicSettings.Apply(config),
            provider => KafkaDoor.Limits(provider.GetRequiredService<IOptions<HttpOptions>>().Value.DrainLimit)
        );
        services.AddSingleton<KafkaDeadLetters>();
        services.AddSingleton(provider => new KafkaOutage(
            provider.GetRequiredService<Outages>(),
            KafkaDoor.Door,
            error => IngestLog.KafkaTrouble(provider.GetRequiredService<ILogger<KafkaDoor>>(), error.Code.ToString(), error.Reason),
            provider.GetRequiredService<TimeProvider>(),
            Topics.Commands
        ));
        services.AddSingleton(provider =>
            ActivatorUtilities.CreateInstance<KafkaDoor>(provider, Handler<KafkaDeadLetters>(provider, "kafka"))
        );
        services.AddLoop<KafkaDoor>();
        services.AddKafkaTopicSettings(_ => [Topics.Commands, Topics.DeadLetter(Topics.Commands)]);
    }

    static BatchHandler Handler<TBroker>(IServiceProvider provider, string door)
        where TBroker : ILetterBroker
    {
        var log = provider.GetRequiredService<ILogger<BatchHandler>>();
        return ActivatorUtilities.CreateInstance<BatchHandler>(provider, door, Letters<TBroker>(provider, door, log), log);
    }

    static LetterRoute Letters<TBroker>(IServiceProvider provider, string door, ILogger log)
        where TBroker : ILetterBroker =>
        ActivatorUtilities.CreateInstance<LetterRoute>(provider, door, provider.GetRequiredService<TBroker>(), log);

    /// <summary>How the worker's connections differ from Npgsql's own ways.</summary>
    internal static void PrepareAndIndex(NpgsqlConnectionStringBuilder connection)
    {
        // The same dozen statements for ever, planned once a connection.
        connection.MaxAutoPrepare = 64;
        connection.AutoPrepareMinUsages = 2;
        // A statement takes milliseconds; one that has no answer for this long waits for a server that is gone, or for a lock
        // that somebody who stands still is holding. The operator's own choice is kept.
        connection.CommandTimeout = connection.CommandTimeout == 30 ? 10 : connection.CommandTimeout;
        // A commit has no time limit (DurableTransaction): a connection that leads to no machine any more is found out all the same.
        if (!connection.TcpKeepAlive && connection.TcpKeepAliveTime == 0)
        {
            (connection.TcpKeepAliveTime, connection.TcpKeepAliveInterval) = (30, 10);
        }
        // The warning that says that a commit may be on no standby must come, whatever the role's settings hide.
        connection.Options = $"{connection.Options} -c client_min_messages=warning".TrimStart();
        PostgresSessions.GiveUpLocks(connection);
        // A plan made while a table was nearly empty stays when it has grown; reading by id through the index is right for both.
        connection.Options = (
            $"{connection.Options} -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c "
            + $"plan_cache_mode=force_generic_plan"
        ).TrimStart();
    }
}
