using System.Threading.Channels;
using Betting.Ingest.Receive.Frames;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.DeadLetters;

/// <summary>Receives one page of a look; its prefetch count bounds what stands here.</summary>
/// <param name="channel">The look's channel.</param>
/// <param name="cuts">Of the look's connection.</param>
sealed class RabbitLookConsumer(IChannel channel, ContentCuts cuts) : AsyncDefaultBasicConsumer(channel)
{
    readonly Channel<HeldLetter> _letters = System.Threading.Channels.Channel.CreateUnbounded<HeldLetter>(
        new() { SingleReader = true, SingleWriter = true }
    );

    /// <summary>The letters as they came. It ends with an exception where the broker ends the consumer or the channel.</summary>
    public ChannelReader<HeldLetter> Letters => _letters.Reader;

    public override Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default
    )
    {
        // The body is the client's again when this returns.
        _letters.Writer.TryWrite(new HeldLetter(deliveryTag, redelivered, properties, body.ToArray(), cuts.Take(deliveryTag)));
        return Task.CompletedTask;
    }

    // The broker ends a consumer whose queue is deleted.
    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        _letters.Writer.TryComplete(
            new OperationInterruptedException(
                new ShutdownEventArgs(ShutdownInitiator.Peer, Constants.NotFound, "the queue of dead letters is gone")
            )
        );
        return Task.CompletedTask;
    }

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        _letters.Writer.TryComplete(new OperationInterruptedException(reason));
        return Task.CompletedTask;
    }
}
