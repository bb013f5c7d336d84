using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Connections;
using Betting.DeadLetters;
using Betting.Ingest.Doors;
using Betting.Ingest.Frames;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Takes letters from the head of the queue and holds them. Those that are not acknowledged go back in the order in which they were taken when the channel ends,
/// also that of a process that is killed; docs/decisions/ingest-dead-letter-order.md says what of RabbitMQ that rests on.
/// </summary>
/// <remarks>
/// A page is one consumer, which is cancelled when its page is complete. RabbitMQ returns the letters of a channel consumer by consumer, in the order of their tags,
/// and those of one consumer as they were delivered. A basic.get would be a consumer of its own for each letter, and RabbitMQ 3.10 keeps the order of no more than 32.
/// </remarks>
public sealed class RabbitLook : IAsyncDisposable
{
    /// <summary>Consumers of one channel that RabbitMQ returns in the order of their tags, and so pages of a look.</summary>
    public const int MaxPages = 32;

    // Few enough to be held in memory where they are large.
    const int LeastPage = 16;

    // For a letter that the queue had and somebody else has taken.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly string _queue;
    readonly IConnection _connection;
    readonly IChannel _channel;
    readonly ContentCuts _cuts;
    int _pages;

    RabbitLook(string queue, IConnection connection, IChannel channel, ContentCuts cuts) => (_queue, _connection, _channel, _cuts) = (queue, connection, channel, cuts);

    public static async Task<RabbitLook> OpenAsync(RabbitMqOptions options, string queue, CancellationToken cancellation)
    {
        // Letters pass whole, but for headers that the client cannot read: RabbitMQ's own dead letters can have such.
        var cuts = new ContentCuts(new HeldBytes(long.MaxValue));
        var connection = await RabbitConnection.OpenAsync(options, "ingest dead-letters", () => new FrameFilter(new ContentRule(cuts)), cancellation);
        try
        {
            return new RabbitLook(queue, connection, await connection.CreateChannelAsync(cancellationToken: cancellation), cuts);
        }
        catch
        {
            await RabbitConnection.LeaveAsync(connection);
            throw;
        }
    }

    /// <summary>Letters of one page where so many are to be read in so many pages.</summary>
    public static int PageOf(long letters, int pages) =>
        (int)Math.Min(letters, Math.Clamp((letters + pages - 1) / pages, LeastPage, ushort.MaxValue));

    /// <summary>Takes the next letters of the queue, in its order.</summary>
    /// <param name="count">How many; the queue has them.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LettersInUseException">Somebody else has taken some of them.</exception>
    /// <exception cref="InvalidOperationException">They are more than a look can hold: some two millions.</exception>
    public async IAsyncEnumerable<HeldLetter> TakeAsync(long count, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (count > 0)
        {
            if (_pages == MaxPages)
            {
                throw new InvalidOperationException($"{_queue} has {count} letters more than one look can hold in their order");
            }
            var page = await TakePageAsync(PageOf(count, MaxPages - _pages), cancellation);
            count -= page.Count;
            while (page.TryDequeue(out var letter))
            {
                yield return letter;
            }
        }
    }

    /// <summary>Removes letters; returns when the broker has done so.</summary>
    public async Task AcknowledgeAsync(IEnumerable<HeldLetter> letters, CancellationToken cancellation)
    {
        foreach (var letter in letters)
        {
            await _channel.BasicAckAsync(letter.DeliveryTag, multiple: false, cancellation);
        }
        // Acknowledgements have no answer; a question behind them on the same channel is answered after they are done.
        await _channel.QueueDeclarePassiveAsync(_queue, cancellation);
    }

    /// <summary>Gives back what it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        await RabbitConnection.LeaveAsync(_connection);
        _cuts.Close();
    }

    // Cancelled before anything of the page is acknowledged: the consumer would take as many letters again, and they would go back before those of the next page.
    async Task<Queue<HeldLetter>> TakePageAsync(int size, CancellationToken cancellation)
    {
        var page = new Queue<HeldLetter>(size);
        var consumer = new RabbitLookConsumer(_channel, _cuts);
        var tag = string.Create(CultureInfo.InvariantCulture, $"look-{_pages++:00}");
        await _channel.BasicQosAsync(0, (ushort)size, global: false, cancellation);
        await _channel.BasicConsumeAsync(_queue, autoAck: false, tag, noLocal: false, exclusive: false, arguments: null, consumer, cancellation);
        while (page.Count < size)
        {
            page.Enqueue(await NextAsync(consumer, cancellation));
        }
        await _channel.BasicCancelAsync(tag, cancellationToken: cancellation);
        return page;
    }

    static async Task<HeldLetter> NextAsync(RabbitLookConsumer consumer, CancellationToken cancellation)
    {
        try
        {
            return await consumer.Letters.ReadAsync(cancellation).AsTask().WaitAsync(Patience, TimeProvider.System, cancellation);
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
