using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Connections;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.Doors;
using Betting.Ingest.Frames;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// The queue <c>bet-commands.dead-letter</c>. Letters that are looked at are held unacknowledged and go back to their places
/// when the store is closed; one that is replayed is acknowledged only after the broker has confirmed the copy. What one look holds
/// another would not see and call absent, so one looks at a time.
/// </summary>
public sealed class RabbitDeadLetterStore(RabbitMqOptions options) : IDeadLetterStore
{
    static readonly string Queue = Topics.DeadLetter(Topics.Commands);

    // A queue that one connection alone can have, and that goes with it.
    static readonly string Look = $"{Queue}.look";

    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(300);

    // Some 10 s.
    const int Attempts = 30;

    // Letters pass whole, but for headers that the client cannot read: RabbitMQ's own dead letters can have such.
    readonly ContentCuts _cuts = new(new HeldBytes(long.MaxValue));
    readonly RabbitReplaySender _originals = new(options);
    IConnection? _connection;
    IChannel? _reading;

    public string Name => "rabbitmq";

    public async IAsyncEnumerable<StoredLetter> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        _connection ??= await RabbitConnection.OpenAsync(options, "ingest dead-letters", () => new FrameFilter(new ContentRule(_cuts)), cancellation);
        if (_reading is null)
        {
            await LookAloneAsync(_connection, cancellation);
            _reading = await _connection.CreateChannelAsync(cancellationToken: cancellation);
        }
        // As many as there are now; what comes meanwhile belongs to the next look.
        var count = (await _reading.QueueDeclarePassiveAsync(Queue, cancellation)).MessageCount;
        for (var seen = 0; seen < count; seen++)
        {
            if (await _reading.BasicGetAsync(Queue, autoAck: false, cancellation) is not { } message)
            {
                yield break;
            }
            yield return Letter(message, _cuts.Take(message.DeliveryTag));
        }
    }

    public Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation) =>
        _originals.SendBackAsync([.. letters.Select(Original)], cancellation);

    public async Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation)
    {
        foreach (var letter in letters)
        {
            await _reading!.BasicAckAsync(((BasicGetResult)letter.Handle).DeliveryTag, multiple: false, cancellation);
        }
        if (letters.Count > 0)
        {
            // Acknowledgements have no answer; a question behind them on the same channel is answered after they are done.
            await _reading!.QueueDeclarePassiveAsync(Queue, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _originals.DisposeAsync();
        await RabbitConnection.LeaveAsync(_connection);
    }

    /// <exception cref="OperationInterruptedException">Somebody else looks at the letters for longer than this waits.</exception>
    static async Task LookAloneAsync(IConnection connection, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            try
            {
                await channel.QueueDeclareAsync(Look, durable: false, exclusive: true, autoDelete: true, cancellationToken: cancellation);
                return;
            }
            catch (OperationInterruptedException taken) when (taken.ShutdownReason?.ReplyCode == Constants.ResourceLocked && attempt < Attempts)
            {
                await channel.DisposeAsync();
                await Task.Delay(Again, TimeProvider.System, cancellation);
            }
        }
    }

    static RabbitOriginal Original(StoredLetter letter)
    {
        var properties = RabbitHeaders.Copy(((BasicGetResult)letter.Handle).BasicProperties, name => !LetterHeaders.IsOurs(name));
        properties.Headers![LetterHeaders.Replays] = letter.Replays + 1;
        return new RabbitOriginal(properties, letter.Body);
    }

    static StoredLetter Letter(BasicGetResult message, ContentCut cut)
    {
        // The client's memory is lent until the next call.
        var body = message.Body.ToArray();
        List<KeyValuePair<string, string>> headers = [.. RabbitHeaders.Text(message.BasicProperties), .. cut.Headers];
        var death = message.BasicProperties.Headers?.TryGetValue("x-death", out var deaths) == true && deaths is List<object?> and [IDictionary<string, object?> latest, ..] ? latest : null;
        var from = Header(DeadLetter.CoordinatesHeader) ?? Death("queue") ?? "";
        return new StoredLetter
        {
            Id = LetterIdentity.IdOf(body, headers),
            From = from,
            Reason = Header(DeadLetter.ReasonHeader) ?? (cut.Headers.Count > 0 ? "unknown: its headers cannot be read" : death is null ? "unknown" : $"given up by the broker: {Death("reason")}"),
            Field = Header(DeadLetter.FieldHeader) ?? "",
            Kind = CommandKindPeek.Of(body),
            At = At(Header(DeadLetter.TimeHeader), death),
            Replays = LetterHeaders.ReplaysOf(headers),
            NotReplayable = from.Split('#')[0] == Topics.Commands ? LetterHeaders.TruncationOf(headers) : $"its headers do not say that it came from {Topics.Commands}",
            Body = body,
            Headers = headers,
            Handle = message,
        };

        string? Header(string name) => headers.LastOrDefault(header => header.Key == name).Value;

        string? Death(string field) => death?.TryGetValue(field, out var value) == true ? RabbitHeaders.Plain(value) : null;
    }

    static DateTime At(string? text, IDictionary<string, object?>? death) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment.UtcDateTime
        : death?.TryGetValue("time", out var time) == true && time is AmqpTimestamp seconds ? RabbitHeaders.Moment(seconds)
        : default;
}
