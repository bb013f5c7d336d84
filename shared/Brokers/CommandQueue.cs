using Betting.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Brokers;

/// <summary>How RabbitMQ keeps the commands.</summary>
public enum QueueKind
{
    /// <summary>Replicated over the nodes of a cluster; survives the loss of a minority of them.</summary>
    Quorum,

    /// <summary>On one node, durable there; away while that node is away.</summary>
    Classic,
}

/// <summary>
/// The queues <c>bet-commands</c> and <c>bet-commands.dead-letter</c> with the arguments that everybody who declares them has
/// to use, since RabbitMQ refuses a second declaration that differs.
/// </summary>
public static class CommandQueue
{
    /// <summary>Deliveries of one message before the broker puts it among the dead letters; of quorum queues alone.</summary>
    public const int DeliveryLimit = 100;

    /// <summary>Both queues in the order in which they are made: what expires while there is no queue of dead letters is gone.</summary>
    public static readonly IReadOnlyList<string> Names = [Topics.DeadLetter(Topics.Commands), Topics.Commands];

    /// <summary>Deliveries of one dead letter, which waits for people: every look at it is a delivery.</summary>
    /// <remarks>RabbitMQ 4 would drop it after 20 by default; 3.x knows no limit of -1.</remarks>
    public const int DeadLetterDeliveryLimit = 1_000_000;

    const string RejectPublish = "reject-publish";

    /// <summary>The arguments of the queue of commands.</summary>
    public static Dictionary<string, object?> Arguments(QueueKind kind)
    {
        var arguments = new Dictionary<string, object?>
        {
            // What the broker itself gives up goes where Ingest's own dead letters are.
            ["x-dead-letter-exchange"] = "",
            ["x-dead-letter-routing-key"] = Topics.DeadLetter(Topics.Commands),
            // One replica consumes and the others stand by: competing consumers would apply one user's commands in any order.
            ["x-single-active-consumer"] = true,
            // Where an operator limits the queue's length, a publisher is refused; the oldest command is not dropped.
            ["x-overflow"] = RejectPublish,
        };
        if (kind == QueueKind.Quorum)
        {
            arguments["x-queue-type"] = "quorum";
            arguments["x-delivery-limit"] = DeliveryLimit;
            // At-least-once would keep a message that cannot be routed and stop behind 32 of them, and a publisher can forge such: x-death.
            arguments["x-dead-letter-strategy"] = "at-most-once";
        }
        return arguments;
    }

    /// <summary>The arguments of the queue of dead letters.</summary>
    /// <remarks>
    /// A letter that a full queue refuses goes to the table <c>dead_letters</c>; by RabbitMQ's default the oldest letter would be dropped.
    /// </remarks>
    public static Dictionary<string, object?> DeadLetterArguments(QueueKind kind) =>
        kind == QueueKind.Classic
            ? new() { ["x-overflow"] = RejectPublish }
            : new()
            {
                ["x-queue-type"] = "quorum",
                ["x-delivery-limit"] = DeadLetterDeliveryLimit,
                ["x-overflow"] = RejectPublish,
            };

    /// <summary>Which of the queues are there. A classic queue whose node is away counts as absent; declaring it fails.</summary>
    public static async Task<IReadOnlySet<string>> FindAsync(IConnection connection, CancellationToken cancellation)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var queue in Names)
        {
            if (await IsThereAsync(connection, queue, cancellation))
            {
                found.Add(queue);
            }
        }
        return found;
    }

    static async Task<bool> IsThereAsync(IConnection connection, string queue, CancellationToken cancellation)
    {
        // A channel for each: the answer that there is none closes it.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            await channel.QueueDeclarePassiveAsync(queue, cancellation);
            return true;
        }
        catch (OperationInterruptedException absent) when (absent.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
        catch (OperationInterruptedException locked) when (locked.ShutdownReason?.ReplyCode == Constants.ResourceLocked)
        {
            // Another connection's alone.
            return true;
        }
    }

    /// <summary>The queues that were deleted, with what they had.</summary>
    /// <param name="found">Those that are there.</param>
    /// <param name="isKnown">
    /// True where the caller has seen both. Otherwise only one that is missing beside the other is known to be deleted: both are made
    /// together.
    /// </param>
    public static IReadOnlyList<string> Deleted(IReadOnlySet<string> found, bool isKnown) =>
        [.. Names.Where(queue => !found.Contains(queue) && (isKnown || found.Count > 0))];

    /// <summary>Makes both queues where they are not there; neither, where one is known to be another one.</summary>
    /// <exception cref="QueueMismatchException">One is there with other arguments.</exception>
    public static async Task DeclareAsync(IConnection connection, QueueKind kind, CancellationToken cancellation)
    {
        foreach (var queue in Names)
        {
            await DeclareAsync(connection, queue, kind, cancellation);
        }
    }

    /// <summary>
    /// Makes the exchange through which MassTransit's publishers reach the queue: of the queue's name, as they would declare it
    /// themselves, and bound to it.
    /// </summary>
    public static async Task BindAsync(IChannel channel, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(
            Topics.Commands,
            ExchangeType.Fanout,
            durable: true,
            autoDelete: false,
            cancellationToken: cancellation
        );
        await channel.QueueBindAsync(Topics.Commands, Topics.Commands, routingKey: "", cancellationToken: cancellation);
    }

    /// <summary>Makes one of <see cref="Names"/> where it is not there.</summary>
    /// <exception cref="QueueMismatchException">It is there with other arguments.</exception>
    /// <exception cref="QueueNotMadeException">The broker refuses to make it.</exception>
    public static async Task DeclareAsync(IConnection connection, string queue, QueueKind kind, CancellationToken cancellation)
    {
        var arguments = queue == Topics.Commands ? Arguments(kind) : DeadLetterArguments(kind);
        // A channel for each: a refused declaration closes it.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            await channel.QueueDeclareAsync(
                queue,
                durable: true,
                exclusive: false,
                autoDelete: false,
                arguments,
                cancellationToken: cancellation
            );
        }
        catch (OperationInterruptedException refused)
            when (refused.ShutdownReason?.ReplyCode is Constants.PreconditionFailed or Constants.ResourceLocked)
        {
            // The same code says that the virtual host may have no more queues.
            if (await IsThereAsync(connection, queue, cancellation))
            {
                throw new QueueMismatchException(queue, kind, refused);
            }
            throw new QueueNotMadeException(queue, refused);
        }
    }
}

/// <summary>A queue is there already and is another one than it should be.</summary>
public sealed class QueueMismatchException(string queue, QueueKind wanted, OperationInterruptedException refused)
    : Exception(
        $"the RabbitMQ queue {queue} is there with other arguments than Ingest:Queue={wanted} has ({refused.ShutdownReason?.ReplyText}): "
            + "move its messages elsewhere and delete it, and it is made anew; or, where it is another Ingest:Queue's, set that one; "
            + "docs/decisions/ingest-queue.md",
        refused
    )
{
    /// <summary>Its name.</summary>
    public string Queue => queue;
}

/// <summary>A queue is not there, and the broker does not make it: its virtual host may have no more queues, for example.</summary>
public sealed class QueueNotMadeException(string queue, OperationInterruptedException refused)
    : Exception($"it does not make the queue {queue}: {refused.ShutdownReason?.ReplyText} ({refused.ShutdownReason?.ReplyCode})", refused);
