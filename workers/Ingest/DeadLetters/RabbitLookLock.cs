using Betting.Brokers;
using Betting.DeadLetters;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Lets one look at a time hold letters: what one look holds another would not see and call absent. It is an exclusive queue, which a
/// connection has for itself
/// and which goes with the connection, also that of a process that is killed.
/// </summary>
sealed class RabbitLookLock : IAsyncDisposable
{
    /// <summary>What a look that cannot have all letters says.</summary>
    internal const string SomebodyLooks = "somebody else looks at the letters and holds some of them; ask again later";

    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(300),
        CountAgain = TimeSpan.FromMilliseconds(20);

    // Some 10 s.
    const int Attempts = 30,
        CountAttempts = 500;

    // In a row; an empty queue is the rule.
    const int EmptyAnswers = 5;

    readonly string _queue;
    readonly IConnection _connection;
    readonly IChannel _channel;
    long _counted;

    RabbitLookLock(string queue, IConnection connection, IChannel channel) =>
        (_queue, _connection, _channel) = (queue, connection, channel);

    /// <param name="options">Where the broker is.</param>
    /// <param name="queue">Whose letters.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="OperationInterruptedException">Somebody else looks at the letters for longer than this waits.</exception>
    public static async Task<RabbitLookLock> TakeAsync(RabbitMqOptions options, string queue, CancellationToken cancellation)
    {
        var connection = await RabbitConnection.OpenAsync(options, "ingest dead-letters lock", cancellation);
        try
        {
            return new RabbitLookLock(queue, connection, await TakeAsync(connection, $"{queue}.look", cancellation));
        }
        catch
        {
            await RabbitConnection.LeaveAsync(connection);
            throw;
        }
    }

    /// <summary>
    /// Counts the letters when nobody holds any. The consumers of a quorum queue are those that are open and those that hold letters,
    /// also the consumer that each unacknowledged basic.get is. Those of a classic queue are only those that are open; so the letters are
    /// never fewer than they were counted before.
    /// </summary>
    /// <exception cref="LettersInUseException">Somebody holds some for longer than this waits.</exception>
    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        var empty = 0;
        for (var attempt = 1; attempt <= CountAttempts; attempt++)
        {
            var queue = await _channel.QueueDeclarePassiveAsync(_queue, cancellation);
            // RabbitMQ says 0 of both where a quorum queue does not answer within 250 ms.
            empty = queue is { ConsumerCount: 0, MessageCount: 0 } ? empty + 1 : 0;
            if (
                queue.ConsumerCount == 0
                && queue.MessageCount >= _counted
                && (queue.MessageCount > 0 || empty >= EmptyAnswers && await IsEmptyAsync(cancellation))
            )
            {
                return _counted = queue.MessageCount;
            }
            await Task.Delay(CountAgain, TimeProvider.System, cancellation);
        }
        throw new LettersInUseException(SomebodyLooks);
    }

    // The queue's own answer: one without a leader fails. A letter that comes all the same was the first, and is the first again.
    async Task<bool> IsEmptyAsync(CancellationToken cancellation)
    {
        if (await _channel.BasicGetAsync(_queue, autoAck: false, cancellation) is not { } first)
        {
            return true;
        }
        await _channel.BasicNackAsync(first.DeliveryTag, multiple: false, requeue: true, cancellation);
        return false;
    }

    public async ValueTask DisposeAsync() => await RabbitConnection.LeaveAsync(_connection);

    static async Task<IChannel> TakeAsync(IConnection connection, string name, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            try
            {
                await channel.QueueDeclareAsync(name, durable: false, exclusive: true, autoDelete: true, cancellationToken: cancellation);
                return channel;
            }
            catch (OperationInterruptedException taken)
                when (taken.ShutdownReason?.ReplyCode == Constants.ResourceLocked && attempt < Attempts)
            {
                await channel.DisposeAsync();
                await Task.Delay(Again, TimeProvider.System, cancellation);
            }
        }
    }
}
