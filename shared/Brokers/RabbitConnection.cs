using RabbitMQ.Client;

namespace Betting.Brokers;

/// <summary>A plain AMQP connection, for what does not go through the bus.</summary>
public static class RabbitConnection
{
    // Long enough for a broker that is there, short enough to be back within a moment where it was killed.
    static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(1);

    /// <param name="options">Where the broker is.</param>
    /// <param name="name">How the connection is called in the broker's list.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public static Task<IConnection> OpenAsync(RabbitMqOptions options, string name, CancellationToken cancellation) =>
        RabbitAddress.TryParse(options.Uri, out var address)
            ? address.OpenAsync(name, cancellation)
            : throw new ArgumentException($"RabbitMq:Uri: {RabbitAddress.Form}");

    /// <inheritdoc cref="RabbitAddress.OpenAsync{TFilter}"/>
    /// <param name="options">Where the broker is.</param>
    /// <param name="name">How the connection is called in the broker's list.</param>
    /// <param name="filter">Makes a filter for each attempt.</param>
    /// <param name="answers">
    /// How long the client waits for an answer, which stands behind the messages that a channel is being sent.
    /// </param>
    /// <param name="cancellation">Ends the attempt.</param>
    public static Task<(IConnection Connection, TFilter Filter)> OpenAsync<TFilter>(
        RabbitMqOptions options,
        string name,
        Func<TFilter> filter,
        TimeSpan answers,
        CancellationToken cancellation
    )
        where TFilter : IInboundFilter =>
        RabbitAddress.TryParse(options.Uri, out var address)
            ? address.OpenAsync(name, filter, answers, cancellation)
            : throw new ArgumentException($"RabbitMq:Uri: {RabbitAddress.Form}");

    /// <summary>
    /// Leaves a connection with its channels, for another one: never throws, and never waits for a broker that may be gone.
    /// Disposing would: the client gives each goodbye up to half a minute.
    /// </summary>
    public static async Task LeaveAsync(IConnection? connection)
    {
        if (connection is null)
        {
            return;
        }
        try
        {
            await connection.AbortAsync(Goodbye).WaitAsync(2 * Goodbye, TimeProvider.System);
        }
        catch (Exception failure) when (failure is TimeoutException or ObjectDisposedException or IOException or OperationCanceledException)
        {
            // It is not used again either way.
        }
    }
}
