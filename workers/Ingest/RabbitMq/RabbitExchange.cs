using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Keeps the exchange of MassTransit's publishers bound to the queue of commands. Whoever deletes the exchange, or its binding, tells
/// nobody; what comes through an exchange without a binding is confirmed and gone.
/// </summary>
sealed class RabbitExchange(Readiness readiness, ILogger log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "rabbitmq-exchange";

    readonly SettingWatch _watch = new(Stores.Rabbit, Condition, readiness, log);
    readonly Lock _gate = new();

    /// <summary>There is no queue to which it can be bound.</summary>
    /// <param name="reason">Why not.</param>
    public void HasNoQueue(string reason) =>
        Saw([$"what MassTransit sends through the exchange {Topics.Commands} is confirmed and lost: {reason}"]);

    /// <summary>
    /// Makes the exchange and its binding where they are not there. What the broker refuses is reported; the queue is consumed all the
    /// same.
    /// </summary>
    public async Task BindAsync(IConnection connection, CancellationToken cancellation)
    {
        // A refusal closes its channel.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            await CommandQueue.BindAsync(channel, cancellation);
            Saw([]);
        }
        catch (OperationInterruptedException refused) when (refused.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
        {
            Saw([
                $"the exchange {Topics.Commands} is another one than Ingest makes ({refused.ShutdownReason.ReplyText}): what MassTransit "
                    + "sends through it may not reach the queue; delete it, and Ingest makes it anew",
            ]);
        }
        catch (OperationInterruptedException refused) when (RabbitTrouble.IsRefused(refused))
        {
            Saw([
                $"the exchange {Topics.Commands} cannot be bound to its queue ({refused.ShutdownReason!.ReplyText}): what "
                    + $"MassTransit sends "
                    + "through it may not reach the queue; Ingest's user needs the rights to configure and to write both",
            ]);
        }
    }

    // A declaration and a binding may end at once.
    void Saw(IReadOnlyCollection<string> broken)
    {
        lock (_gate)
        {
            _watch.Saw(broken);
        }
    }
}
