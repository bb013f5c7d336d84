using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Brokers;

/// <summary>
/// A connection to the first of several nodes that answers. They are tried one after the other, and a node that is silent holds up the next
/// one for a moment only.
/// </summary>
static class FirstNode
{
    static readonly TimeSpan NextAfter = TimeSpan.FromSeconds(3);

    // For one node. The client's own limits do not hold for a broker that accepts connections and then says nothing.
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    /// <param name="nodes">Open a connection each, in the order in which they are tried.</param>
    /// <param name="of">The connection of what was opened.</param>
    /// <param name="cancellation">Ends all attempts. A connection that opens after that is left.</param>
    /// <exception cref="BrokerUnreachableException">None could be opened. Of a single node its own exception is thrown.</exception>
    public static async Task<T> OpenAsync<T>(
        IReadOnlyList<Func<CancellationToken, Task<T>>> nodes,
        Func<T, IConnection> of,
        CancellationToken cancellation
    )
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var (attempts, failures) = (new List<Task<T>>(), new List<Exception>());
        try
        {
            for (var next = 0; next < nodes.Count || attempts.Count > 0; )
            {
                if (next < nodes.Count)
                {
                    attempts.Add(WithinLimitAsync(nodes[next++](others.Token), of, others.Token));
                }
                var turn = Task.Delay(next < nodes.Count ? NextAfter : Timeout.InfiniteTimeSpan, TimeProvider.System, others.Token);
                if (await Task.WhenAny([.. attempts, turn]) is Task<T> ended)
                {
                    attempts.Remove(ended);
                    if (ended.IsCompletedSuccessfully)
                    {
                        return await ended;
                    }
                    failures.Add(ended.Exception?.InnerException ?? new TimeoutException());
                }
                cancellation.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await others.CancelAsync();
            attempts.ForEach(attempt => LeaveWhenOpen(attempt, of));
        }
        throw failures is [var only] ? only : new BrokerUnreachableException(new AggregateException(failures));
    }

    static async Task<T> WithinLimitAsync<T>(Task<T> opening, Func<T, IConnection> of, CancellationToken cancellation)
    {
        try
        {
            return await opening.WaitAsync(AnswerLimit, TimeProvider.System, cancellation);
        }
        catch (Exception left) when (!opening.IsFaulted)
        {
            LeaveWhenOpen(opening, of);
            throw left is TimeoutException ? new BrokerUnreachableException(left) : left;
        }
    }

    // Nobody waits for it any more; should it open yet, it is left.
    static void LeaveWhenOpen<T>(Task<T> opening, Func<T, IConnection> of) =>
        _ = opening.ContinueWith(
            opened =>
                opened.Exception is null && opened.IsCompletedSuccessfully
                    ? RabbitConnection.LeaveAsync(of(opened.Result))
                    : Task.CompletedTask,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
}
