using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Betting.Brokers;

/// <summary>A channel of RabbitMQ whose publish always ends: with the broker's confirm, with its refusal, or with the channel.</summary>
/// <remarks>
/// RabbitMQ.Client 7.2.2 leaves some confirms open for ever where a connection ends amid thousands of messages; here they end as unknown.
/// The client's own limit of messages on the way is off: callers have theirs.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design",
    "CA1001",
    Justification = "A source without a timer holds nothing; it ends with the channel."
)]
public sealed class ConfirmedChannel
{
    static readonly CreateChannelOptions WithConfirms = new(
        publisherConfirmationsEnabled: true,
        publisherConfirmationTrackingEnabled: true,
        outstandingPublisherConfirmationsRateLimiter: null
    );

    readonly TaskCompletionSource<ShutdownEventArgs> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenSource _end = new();

    ConfirmedChannel(IChannel channel)
    {
        Channel = channel;
        channel.ChannelShutdownAsync += EndAsync;
    }

    /// <summary>The channel itself, for all but publishing.</summary>
    public IChannel Channel { get; }

    public bool IsOpen => Channel.IsOpen;

    /// <summary>Opens a channel. It ends with its connection.</summary>
    public static async Task<ConfirmedChannel> OpenAsync(IConnection connection, CancellationToken cancellation) =>
        new(await connection.CreateChannelAsync(WithConfirms, cancellation));

    /// <summary>Publishes to a queue over the default exchange; returns when the broker has confirmed the message.</summary>
    /// <param name="queue">The queue's name.</param>
    /// <param name="mandatory">Whether a message that reaches no queue is returned.</param>
    /// <param name="properties">The message's properties and headers.</param>
    /// <param name="body">The message's bytes.</param>
    /// <param name="cancellation">Ends the wait; the message may be with the broker all the same.</param>
    /// <exception cref="PublishException">The broker returned or refused the message.</exception>
    /// <exception cref="OperationInterruptedException">The channel ended first; the message may be with the broker or not.</exception>
    public async Task PublishAsync(
        string queue,
        bool mandatory,
        BasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellation
    )
    {
        try
        {
            await Channel.BasicPublishAsync("", queue, mandatory, properties, body, cancellation).AsTask().WaitAsync(_end.Token);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new AlreadyClosedException(await _reason.Task);
        }
    }

    // The client raises this before it ends the messages that wait for a confirm.
    Task EndAsync(object sender, ShutdownEventArgs reason)
    {
        _reason.TrySetResult(reason);
        // Not awaited: callers go on within it.
        _ = _end.CancelAsync();
        return Task.CompletedTask;
    }
}
