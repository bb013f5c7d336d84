using System.Collections.Concurrent;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Local.Load.Traffic;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Local.Load.Doors;

/// <summary>
/// The queue <c>bet-commands</c>: raw JSON without a MassTransit envelope, persistent, with publisher confirms. What the
/// broker did not confirm is sent again; Ingest's journal makes that harmless.
/// </summary>
public sealed class RabbitDoor : IDoor
{
    const int Unconfirmed = 1_000;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    static readonly BasicProperties Properties = new() { Persistent = true, ContentType = "application/json" };
    readonly Uri _address;
    readonly Published _published;
    readonly SemaphoreSlim _room = new(Unconfirmed);
    readonly SemaphoreSlim _connecting = new(1);
    readonly ConcurrentDictionary<Task, byte> _unconfirmed = new();
    IConnection? _connection;
    ConfirmedChannel? _channel;

    public RabbitDoor(Uri address, Published published)
    {
        _address = address;
        _published = published;
    }

    public string Name => "rabbitmq";

    public async ValueTask PublishAsync(TrafficMessage message, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        var sending = SendUntilConfirmedAsync(message, cancellation);
        _unconfirmed[sending] = 0;
        _ = sending.ContinueWith(
            done =>
            {
                _unconfirmed.TryRemove(done, out _);
                _room.Release();
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
    }

    public async Task FlushAsync(CancellationToken cancellation)
    {
        while (!_unconfirmed.IsEmpty)
        {
            await Task.WhenAll(_unconfirmed.Keys).WaitAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RabbitConnection.LeaveAsync(_connection);
        _room.Dispose();
        _connecting.Dispose();
    }

    async Task SendUntilConfirmedAsync(TrafficMessage message, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var channel = await ChannelAsync(cancellation);
                await channel.PublishAsync(Topics.Commands, mandatory: true, Properties, message.Body, cancellation);
                _published.Confirm(message.Nature);
                return;
            }
            catch (Exception notConfirmed)
                when (notConfirmed
                        is PublishException
                            or OperationInterruptedException
                            or BrokerUnreachableException
                            or IOException
                            or AlreadyClosedException
                            or ObjectDisposedException
                )
            {
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }
        }
    }

    async Task<ConfirmedChannel> ChannelAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }
        await _connecting.WaitAsync(cancellation);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await RabbitConnection.LeaveAsync(_connection);
                _connection = await new ConnectionFactory
                {
                    Uri = _address,
                    AutomaticRecoveryEnabled = false,
                    ClientProvidedName = "load",
                }.CreateConnectionAsync(cancellation);
                _channel = await ConfirmedChannel.OpenAsync(_connection, cancellation);
            }
            return _channel;
        }
        finally
        {
            _connecting.Release();
        }
    }
}
