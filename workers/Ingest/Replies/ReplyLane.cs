using Betting.Brokers;
using RabbitMQ.Client;

namespace Betting.Ingest.Replies;

/// <summary>
/// One connection for answers with one channel, opened when it is needed. Where a channel's process crashes, RabbitMQ ends its whole
/// connection: so answers that must not suffer from each other go through different lanes.
/// </summary>
sealed class ReplyLane(RabbitMqOptions rabbit, string name, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Time between two connections, at least: RabbitMQ writes pages into its log for each channel that crashes.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    readonly SemaphoreSlim _opening = new(1);
    IConnection? _connection;
    ConfirmedChannel? _channel;
    long? _begun;

    /// <summary>Returns the open channel, or opens one through a new connection.</summary>
    public async Task<ConfirmedChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }
        await _opening.WaitAsync(cancellation);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await CloseAsync();
                await PaceAsync(cancellation);
                _connection = await RabbitConnection.OpenAsync(rabbit, name, cancellation);
                _channel = await ConfirmedChannel.OpenAsync(_connection, cancellation);
            }
            return _channel;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Ends the connection; the next answer opens another one.</summary>
    public async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _opening.Dispose();
    }

    async Task PaceAsync(CancellationToken cancellation)
    {
        if (_begun is { } begun && Pace - clock.GetElapsedTime(begun) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, clock, cancellation);
        }
        _begun = clock.GetTimestamp();
    }
}
