using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.BetCommands;

/// <summary>
/// Over the queue <c>bet-commands</c>. What the broker did not confirm is sent again, which the command's id makes harmless.
/// </summary>
sealed class RabbitBetCommands(IOptions<BetCommandsOptions> options, IOptions<RabbitMqOptions> rabbit, TimeProvider clock)
    : IBetCommands,
        IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    readonly SemaphoreSlim _opening = new(1);
    RabbitSession? _session;

    public NewCommand New { get; } = new(clock);

    public async Task PublishAsync(BetCommand command, CancellationToken cancellation = default)
    {
        var body = CommandBody.Of(command);
        await RetryAsync(
            $"command {command.Id}",
            async limit =>
            {
                var session = await OpenAsync(limit);
                await PublishAsync(session, body, null, limit);
                return session;
            },
            cancellation
        );
    }

    public async Task PublishAsync(IEnumerable<BetCommand> commands, CancellationToken cancellation = default)
    {
        CommandBody[] bodies = [.. commands.Select(CommandBody.Of)];
        foreach (var chunk in bodies.Chunk(options.Value.OnTheWay))
        {
            await PublishInOrderAsync(chunk, cancellation);
        }
    }

    public async Task<CommandOutcome> SendAsync(BetCommand command, TimeSpan? within = null, CancellationToken cancellation = default)
    {
        var patience = within ?? options.Value.AnswerWithin;
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var (body, correlation) = (CommandBody.Of(command), Guid.NewGuid().ToString("N"));
        try
        {
            while (true)
            {
                var (session, answer) = await RequestAsync(body, correlation, either.Token);
                try
                {
                    if (await answer.WaitAsync(either.Token) is { } outcome)
                    {
                        return outcome;
                    }
                }
                finally
                {
                    session.Forget(correlation);
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"no outcome of command {command.Id} within {patience.TotalSeconds:F0} s; it may be applied or not, and sent again it tells"
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync();
        }
        _opening.Dispose();
    }

    // The answer is expected before the command is published, and only once: it may arrive before the confirm.
    Task<(RabbitSession Session, Task<CommandOutcome?> Answer)> RequestAsync(
        CommandBody body,
        string correlation,
        CancellationToken cancellation
    ) =>
        RetryAsync(
            $"command {body.Command.Id}",
            async limit =>
            {
                var session = await OpenAsync(limit);
                var answer = session.Expect(correlation);
                try
                {
                    await PublishAsync(session, body, correlation, limit);
                    return (session, answer);
                }
                catch
                {
                    session.Forget(correlation);
                    throw;
                }
            },
            cancellation
        );

    // All on one channel, which sends them in the order of the calls. Where one is not confirmed, it is sent again with all
    // that follow it: so whatever comes first into the queue of two commands is the first of them.
    async Task PublishInOrderAsync(CommandBody[] commands, CancellationToken cancellation)
    {
        var confirmed = 0;
        await RetryAsync(
            $"{commands.Length} commands",
            async limit =>
            {
                var session = await OpenAsync(limit);
                Task[] onTheWay = [.. commands.Skip(confirmed).Select(command => PublishAsync(session, command, null, limit))];
                await Task.WhenAll(onTheWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                var first = onTheWay.TakeWhile(publish => publish.IsCompletedSuccessfully).Count();
                confirmed += first;
                await (first < onTheWay.Length ? onTheWay[first] : Task.CompletedTask);
                return session;
            },
            cancellation
        );
    }

    async Task PublishAsync(RabbitSession session, CommandBody body, string? correlation, CancellationToken cancellation)
    {
        using var span = PublishTrace.Start("rabbitmq", body.Command);
        // Mandatory: a command that reaches no queue is an error, not a confirm.
        await session.Commands.PublishAsync(
            Topics.Commands,
            mandatory: true,
            Properties(body.Command, correlation),
            body.Bytes,
            cancellation
        );
    }

    async Task<T> RetryAsync<T>(string what, Func<CancellationToken, Task<T>> attemptAsync, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.PublishWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        Exception? last = null;
        while (true)
        {
            try
            {
                return await attemptAsync(either.Token);
            }
            catch (PublishException returned) when (returned.IsReturn)
            {
                throw new BetCommandsException(
                    $"RabbitMQ has no queue {Topics.Commands}: it was deleted a moment ago, or no Ingest has ever started there",
                    returned
                );
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"RabbitMQ did not confirm {what} within {options.Value.PublishWithin.TotalSeconds:F0} s", last);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                last = failure;
                await PauseAsync(either.Token);
            }
        }
    }

    async Task PauseAsync(CancellationToken cancellation)
    {
        // A limit that ends the pause is told by the next attempt, with what went wrong.
        await Task.Delay(Pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    async Task<RabbitSession> OpenAsync(CancellationToken cancellation)
    {
        if (_session is { IsOpen: true } open)
        {
            return open;
        }
        await _opening.WaitAsync(cancellation);
        try
        {
            if (_session is not { IsOpen: true })
            {
                if (_session is not null)
                {
                    await _session.DisposeAsync();
                }
                _session = await RabbitSession.OpenAsync(rabbit.Value, cancellation);
            }
            return _session;
        }
        finally
        {
            _opening.Release();
        }
    }

    BasicProperties Properties(BetCommand command, string? correlation) =>
        new()
        {
            Persistent = true,
            ContentType = "application/json",
            MessageId = command.Id.ToString(),
            Timestamp = new AmqpTimestamp(clock.GetUtcNow().ToUnixTimeSeconds()),
            CorrelationId = correlation,
            ReplyTo = correlation is null ? null : RabbitSession.ReplyTo,
            Headers = PublishTrace.Headers().ToDictionary(header => header.Key, header => (object?)header.Value),
        };
}
