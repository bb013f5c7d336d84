using System.Collections.Concurrent;
using System.Text.Json;
using Betting.Brokers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Betting.BetCommands;

/// <summary>
/// One connection with one channel: commands go out with confirms, answers come in through RabbitMQ's direct reply-to, which needs
/// no queue. When it ends, who still waits for an answer is told, to ask again through the next one.
/// </summary>
sealed class RabbitSession : IAsyncDisposable
{
    public const string ReplyTo = "amq.rabbitmq.reply-to";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    readonly ConcurrentDictionary<string, TaskCompletionSource<CommandOutcome?>> _waiting = new();
    readonly IConnection _connection;

    RabbitSession(IConnection connection, ConfirmedChannel channel) => (_connection, Commands) = (connection, channel);

    public ConfirmedChannel Commands { get; }

    public bool IsOpen => Commands.IsOpen;

    public static async Task<RabbitSession> OpenAsync(RabbitMqOptions options, CancellationToken cancellation)
    {
        var connection = await RabbitConnection.OpenAsync(options, "bet-commands", cancellation);
        try
        {
            var session = new RabbitSession(connection, await ConfirmedChannel.OpenAsync(connection, cancellation));
            var channel = session.Commands.Channel;
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += session.ReceivedAsync;
            channel.ChannelShutdownAsync += session.EndedAsync;
            await channel.BasicConsumeAsync(ReplyTo, autoAck: true, consumer, cancellation);
            return session;
        }
        catch
        {
            await RabbitConnection.LeaveAsync(connection);
            throw;
        }
    }

    /// <summary>
    /// Registers a request before it is published. The task gives the answer to <paramref name="correlation"/>, or null if the session ends
    /// first. Keep the task: the session forgets the correlation as soon as the answer arrives.
    /// </summary>
    public Task<CommandOutcome?> Expect(string correlation)
    {
        var answer = _waiting.GetOrAdd(correlation, _ => new TaskCompletionSource<CommandOutcome?>(
            TaskCreationOptions.RunContinuationsAsynchronously
        ));
        if (!IsOpen)
        {
            answer.TrySetResult(null);
        }
        return answer.Task;
    }

    public void Forget(string correlation) => _waiting.TryRemove(correlation, out _);

    public async ValueTask DisposeAsync() => await RabbitConnection.LeaveAsync(_connection);

    Task ReceivedAsync(object sender, BasicDeliverEventArgs delivered)
    {
        if (delivered.BasicProperties.CorrelationId is { } correlation && _waiting.TryRemove(correlation, out var answer))
        {
            try
            {
                answer.TrySetResult(JsonSerializer.Deserialize<CommandOutcome>(delivered.Body.Span, Json));
            }
            catch (JsonException broken)
            {
                answer.TrySetException(new BetCommandsException("the answer is no JSON object that this version understands", broken));
            }
        }
        return Task.CompletedTask;
    }

    Task EndedAsync(object sender, ShutdownEventArgs reason)
    {
        foreach (var answer in _waiting.Values)
        {
            answer.TrySetResult(null);
        }
        return Task.CompletedTask;
    }
}
