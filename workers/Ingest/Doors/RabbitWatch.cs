using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using MassTransit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>
/// Keeps a bus connected: makes the queues, starts a bus when the broker answers, looks at both once a second, and starts another
/// when the broker is back. A bus by itself would wait for up to half a minute between two attempts.
/// </summary>
public sealed class RabbitWatch(
    RabbitBus buses, IOptions<RabbitMqOptions> rabbit, IOptions<IngestOptions> options, BrokerAvailability availability,
    Readiness readiness, IngestMetrics metrics, Heartbeats heartbeats, TimeProvider clock, ILogger<RabbitWatch> log) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), Again = TimeSpan.FromMilliseconds(500), Patience = TimeSpan.FromSeconds(5);

    // A bus stops when the messages it handed over are done, and these may wait for PostgreSQL.
    static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(10);

    IConnection? _connection;
    IChannel? _channel;
    IBusControl? _bus;
    Task _stopped = Task.CompletedTask;

    public string Name => "rabbitmq-watch";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(RabbitDoor.Door);
        try
        {
            while (true)
            {
                heartbeats.Beat(Name);
                await Task.Delay(await LookAsync(stopping) ? Every : Again, clock, stopping);
            }
        }
        finally
        {
            // Waits for what the door has in hand; the host's own limit bounds it.
            StopBus();
            await _stopped;
            await CloseAsync();
        }
    }

    // One look; false where the broker does not answer.
    async Task<bool> LookAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            var channel = await OpenAsync(either.Token);
            await StartBusAsync(stopping);
            metrics.Queue(RabbitDoor.Door, await channel.MessageCountAsync(Topics.Commands, either.Token));
            metrics.DeadLettersWaiting(RabbitDoor.Door, await channel.MessageCountAsync(Topics.DeadLetter(Topics.Commands), either.Token));
            availability.Back(RabbitDoor.Door);
            return true;
        }
        catch (Exception failure) when (failure is not QueueMismatchException && !stopping.IsCancellationRequested)
        {
            availability.Away(RabbitDoor.Door, failure.GetType().Name);
            await CloseAsync();
            return false;
        }
    }

    async Task<IChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }
        await CloseAsync();
        _connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest watch", cancellation);
        await CommandQueue.DeclareAsync(_connection, options.Value.Queue, cancellation);
        return _channel = await _connection.CreateChannelAsync(cancellationToken: cancellation);
    }

    async Task StartBusAsync(CancellationToken stopping)
    {
        if (_bus?.CheckHealth().Status == BusHealthStatus.Healthy)
        {
            return;
        }
        StopBus();
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        _bus = buses.Create();
        await _bus.StartAsync(either.Token);
    }

    // Without waiting: what the bus before has in hand is done beside the next one.
    void StopBus()
    {
        if (_bus is { } bus)
        {
            _bus = null;
            _stopped = Task.WhenAll(_stopped, StopAsync(bus));
        }
    }

    async Task StopAsync(IBusControl bus)
    {
        try
        {
            using var limit = new CancellationTokenSource(StopPatience, clock);
            await bus.StopAsync(limit.Token);
        }
        catch (Exception failure)
        {
            // Its connection is gone, or it never had one: nothing is left to be stopped.
            IngestLog.BusNotStopped(log, failure);
        }
    }

    async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }
}
