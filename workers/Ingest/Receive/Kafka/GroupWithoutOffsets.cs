using System.Net.Sockets;
using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// Reports a group that has no offset in any partition of the topic of commands, although the journal has commands. Kafka deletes a group's
/// offsets together with the topic, and after <c>offsets.retention.minutes</c> without a member; commands that were published and not
/// applied may be gone too.
/// </summary>
/// <remarks>
/// The journal does not keep the door of a command. So the first start of the Kafka door beside RabbitMQ's is reported as well. For the
/// consumer's thread alone.
/// </remarks>
sealed class GroupWithoutOffsets(PostgresSource postgres, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    const string Journal = "SELECT EXISTS (SELECT FROM commands) OR EXISTS (SELECT FROM commands_archive)";

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>To be called where a partition has no offset, before any of it is read.</summary>
    /// <exception cref="KafkaException">The brokers did not answer.</exception>
    public void Poll(IConsumer<byte[]?, byte[]> consumer)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin
            .GetMetadata(Topics.Commands, Limit)
            .Topics.Single()
            .Partitions.ConvertAll(partition => new TopicPartition(Topics.Commands, partition.PartitionId));
        if (consumer.Committed(partitions, Limit).Exists(committed => committed.Offset != Offset.Unset))
        {
            return;
        }
        var hasCommands = HasCommandsAsync().GetAwaiter().GetResult();
        if (hasCommands != false)
        {
            metrics.GroupOffsetsMissing();
            IngestLog.GroupOffsetsMissing(
                log,
                Topics.IngestGroup,
                Topics.Commands,
                hasCommands == true ? "although the journal has commands" : "and PostgreSQL does not tell whether the journal has commands"
            );
        }
    }

    // Null where PostgreSQL does not answer.
    async Task<bool?> HasCommandsAsync()
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            await using var command = await postgres.CreateCommandAsync(Journal, limit.Token);
            return (bool?)await command.ExecuteScalarAsync(limit.Token);
        }
        catch (Exception away) when (away is NpgsqlException or SocketException or TimeoutException or OperationCanceledException)
        {
            return null;
        }
    }
}
