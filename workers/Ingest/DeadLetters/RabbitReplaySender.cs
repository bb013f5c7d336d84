using Betting.Brokers;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.DeadLetters;

/// <summary>Sends originals back to the queue of commands and tells the answer to each.</summary>
/// <remarks>
/// It has a connection of its own: a broker that refuses a message closes its channel, and for some refusals its connection. Letters that
/// are held for reading stand on another one.
/// </remarks>
public sealed class RabbitReplaySender(RabbitMqOptions options) : IAsyncDisposable
{
    // A channel that the broker closes leaves all that is on its way without an answer. What is larger could be refused for its size, and
    // so is sent when nothing else is on its way.
    const int TogetherBytes = 64 * 1024;

    // Under a memory or disk alarm RabbitMQ confirms nothing until it ends.
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    IConnection? _connection;
    ConfirmedChannel? _channel;

    /// <summary>Sends them one after the other; returns an answer for each original, in their order.</summary>
    /// <exception cref="Exception">There is no connection; nothing was sent.</exception>
    public async Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<RabbitOriginal> originals, CancellationToken cancellation)
    {
        var answers = new ReplayAnswer?[originals.Count];
        await OpenAsync(cancellation);
        Exception? failure = null;
        for (int at = 0, end; at < answers.Length; at = end)
        {
            end = at;
            while (end < answers.Length && IsSmall(originals[end]))
            {
                end++;
            }
            if (end > at && failure is null)
            {
                await SendTogetherAsync(originals, answers, at, end, cancellation);
            }
            end = Math.Max(end, at + 1);
            failure = await CompleteAsync(originals, answers, at, end, failure, cancellation);
        }
        return answers!;
    }

    public async ValueTask DisposeAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }

    static bool IsSmall(RabbitOriginal original) => original.Body.Length + RabbitSize.Of(original.Properties) <= TogetherBytes;

    async Task SendTogetherAsync(
        IReadOnlyList<RabbitOriginal> originals,
        ReplayAnswer?[] answers,
        int from,
        int end,
        CancellationToken cancellation
    )
    {
        try
        {
            var channel = await OpenAsync(cancellation);
            await Task.WhenAll(
                Enumerable.Range(from, end - from).Select(async at => answers[at] = await AnswerAsync(channel, originals[at], cancellation))
            );
        }
        catch (Exception failure)
        {
            answers[from] = ReplayAnswer.Unknown(failure);
        }
    }

    // Sends alone what has no answer of its own: it is large, or the channel was closed because of another one, and answered for all.
    // Returns the failure after which nothing is sent any more.
    async Task<Exception?> CompleteAsync(
        IReadOnlyList<RabbitOriginal> originals,
        ReplayAnswer?[] answers,
        int from,
        int end,
        Exception? failure,
        CancellationToken cancellation
    )
    {
        failure ??= answers[from..end].FirstOrDefault(answer => answer is { IsUnknown: true })?.Failure;
        for (var at = from; at < end; at++)
        {
            if (answers[at] is null or { Refusal: not null, Failure: OperationInterruptedException })
            {
                var answer = failure is null ? await AloneAsync(originals[at], cancellation) : ReplayAnswer.Unknown(failure);
                failure ??= answer.IsUnknown ? answer.Failure : null;
                answers[at] = answer;
            }
        }
        return failure;
    }

    async Task<ReplayAnswer> AloneAsync(RabbitOriginal original, CancellationToken cancellation)
    {
        try
        {
            return await AnswerAsync(await OpenAsync(cancellation), original, cancellation);
        }
        catch (Exception failure)
        {
            return ReplayAnswer.Unknown(failure);
        }
    }

    // The default exchange, whatever the first publisher used: other queues of that exchange have their copy already.
    static async Task<ReplayAnswer> AnswerAsync(ConfirmedChannel channel, RabbitOriginal original, CancellationToken cancellation)
    {
        try
        {
            await channel
                .PublishAsync(Topics.Commands, mandatory: true, original.Properties, original.Body, cancellation)
                .WaitAsync(Timeout, TimeProvider.System, cancellation);
            return ReplayAnswer.Sent;
        }
        catch (PublishException refused)
        {
            return ReplayAnswer.Refused(
                refused.IsReturn
                    ? $"there is no queue {Topics.Commands}"
                    : $"the queue {Topics.Commands} did not take it (negative confirm); it may be full",
                refused
            );
        }
        catch (Exception refused) when (RabbitRefusals.IsRefusal(refused))
        {
            return ReplayAnswer.Refused(RabbitTrouble.Describe(refused) ?? refused.Message.ReplaceLineEndings(" "), refused);
        }
        catch (Exception failure)
        {
            return ReplayAnswer.Unknown(failure);
        }
    }

    async Task<ConfirmedChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true })
        {
            return _channel;
        }
        if (_connection is not { IsOpen: true })
        {
            await DisposeAsync();
            _connection = await RabbitConnection.OpenAsync(options, "ingest dead-letters replay", cancellation);
        }
        return _channel = await ConfirmedChannel.OpenAsync(_connection, cancellation);
    }
}

/// <summary>An original that is sent back.</summary>
/// <param name="Properties">Properties and headers that it is published with.</param>
/// <param name="Body">Its bytes.</param>
public readonly record struct RabbitOriginal(BasicProperties Properties, ReadOnlyMemory<byte> Body);
