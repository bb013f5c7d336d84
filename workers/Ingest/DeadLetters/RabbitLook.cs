using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Brokers;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.Receive.Frames;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Takes letters from the head of the queue and holds them. Those that are not acknowledged go back in the order in which they were taken
/// when the channel ends, also that of a process that is killed; docs/decisions/ingest-dead-letter-order.md
/// says what of RabbitMQ that rests on.
/// </summary>
/// <remarks>
/// A page is one consumer, which is cancelled when its page is complete. RabbitMQ returns the letters of a channel consumer by consumer,
/// in the order of their tags, and those of one consumer as they were delivered. A basic.get would be a consumer of its own for
/// each letter, and RabbitMQ 3.10 keeps the order of no more than 32.
/// </remarks>
sealed class RabbitLook : IAsyncDisposable
{
    // For a letter that the queue had and somebody else has taken.
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // RabbitMQ takes up to 20 s of a busy processor for headers that are nested thousands deep.
    static readonly TimeSpan BehindLetters = TimeSpan.FromMinutes(1);

    // Sorts behind the tags of pages.
    const string LastTag = "look-last";

    readonly string _queue;
    readonly IConnection _connection;
    readonly IChannel _channel;
    readonly ContentCuts _cuts;
    readonly FrameFilter _frames;
    bool _hasAcknowledged;

    RabbitLook(string queue, IConnection connection, IChannel channel, ContentCuts cuts, FrameFilter frames) =>
        (_queue, _connection, _channel, _cuts, _frames) = (queue, connection, channel, cuts, frames);

    public static async Task<RabbitLook> OpenAsync(RabbitMqOptions options, string queue, CancellationToken cancellation)
    {
        // Letters pass whole, but for headers that the client cannot read: RabbitMQ's own dead letters can have such.
        var cuts = new ContentCuts(new HeldBytes(long.MaxValue));
        var (connection, frames) = await RabbitConnection.OpenAsync(
            options,
            "ingest dead-letters",
            () => new FrameFilter(new ContentRule(cuts)),
            BehindLetters,
            cancellation
        );
        try
        {
            var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            await channel.TxSelectAsync(cancellation);
            return new RabbitLook(queue, connection, channel, cuts, frames);
        }
        catch
        {
            await RabbitConnection.LeaveAsync(connection);
            throw;
        }
    }

    /// <summary>Takes the next letters of the queue, in its order. They go back page by page.</summary>
    /// <exception cref="LettersInUseException">Somebody else has taken some of them.</exception>
    public async IAsyncEnumerable<HeldLetter> TakeAsync(
        IReadOnlyList<LookPage> pages,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        foreach (var page in pages)
        {
            var letters = await TakeAsync(page, cancellation);
            while (letters.TryDequeue(out var letter))
            {
                yield return letter;
            }
        }
    }

    /// <summary>
    /// Removes letters, in one transaction: that sends the queue one command for each page. Until this is disposed, the channel can have
    /// some commands still.
    /// </summary>
    public async Task AcknowledgeAsync(IEnumerable<HeldLetter> letters, CancellationToken cancellation)
    {
        foreach (var letter in letters)
        {
            await _channel.BasicAckAsync(letter.DeliveryTag, multiple: false, cancellation);
        }
        _hasAcknowledged = true;
        await _channel.TxCommitAsync(cancellation);
    }

    /// <summary>Gives back what it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasAcknowledged && _channel.IsOpen)
        {
            await SendAcknowledgementsAsync();
        }
        await RabbitConnection.LeaveAsync(_connection);
        _cuts.Close();
    }

    // While 32 commands are on the way to a quorum queue, RabbitMQ keeps acknowledgements in the channel and loses them with it: dropped
    // letters would be there again.
    // The queue answers a new consumer, and a cancelled one, after all commands before; then the channel has sent the rest. A letter that
    // it takes goes back as the last one.
    async Task SendAcknowledgementsAsync()
    {
        using var limit = new CancellationTokenSource(Timeout);
        try
        {
            var consumer = new RabbitLookConsumer(_channel, _cuts);
            await _channel.BasicQosAsync(0, 1, global: false, limit.Token);
            await _channel.BasicConsumeAsync(
                _queue,
                autoAck: false,
                LastTag,
                noLocal: false,
                exclusive: false,
                arguments: null,
                consumer,
                limit.Token
            );
            await _channel.BasicCancelAsync(LastTag, cancellationToken: limit.Token);
        }
        catch (Exception failure)
            when (RabbitTrouble.Describe(failure) is not null
                || failure is OperationCanceledException or IOException or ObjectDisposedException
            )
        {
            // The broker is gone; what it has not removed, the next look shows.
        }
    }

    // Cancelled before anything of the page is acknowledged: the consumer would take as many letters again, and they would go back before
    // those of the next page.
    async Task<Queue<HeldLetter>> TakeAsync(LookPage page, CancellationToken cancellation)
    {
        var letters = new Queue<HeldLetter>(page.Size);
        var consumer = new RabbitLookConsumer(_channel, _cuts);
        var tag = string.Create(CultureInfo.InvariantCulture, $"look-{page.Place:00}");
        await _channel.BasicQosAsync(0, (ushort)page.Size, global: false, cancellation);
        await _channel.BasicConsumeAsync(
            _queue,
            autoAck: false,
            tag,
            noLocal: false,
            exclusive: false,
            arguments: null,
            consumer,
            cancellation
        );
        while (letters.Count < page.Size)
        {
            letters.Enqueue(await NextAsync(consumer, cancellation));
        }
        await _channel.BasicCancelAsync(tag, cancellationToken: cancellation);
        return letters;
    }

    async Task<HeldLetter> NextAsync(RabbitLookConsumer consumer, CancellationToken cancellation)
    {
        var next = consumer.Letters.ReadAsync(cancellation).AsTask();
        var hasAsked = false;
        try
        {
            while (true)
            {
                var before = _frames.BodyBytes;
                try
                {
                    return await next.WaitAsync(Timeout, TimeProvider.System, cancellation);
                }
                catch (TimeoutException) when (_frames.BodyBytes != before)
                {
                    // A large letter over a slow network is on its way.
                }
                catch (TimeoutException) when (!hasAsked)
                {
                    // The channel answers behind the letters that it is sending: it takes seconds for headers that are nested thousands
                    // deep.
                    hasAsked = true;
                    await _channel.QueueDeclarePassiveAsync(_queue, cancellation);
                }
            }
        }
        catch (TimeoutException)
        {
            throw new LettersInUseException(RabbitLookLock.SomebodyLooks);
        }
        catch (System.Threading.Channels.ChannelClosedException closed) when (closed.InnerException is { } failure)
        {
            throw failure;
        }
    }
}
