using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Brokers;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// The queue <c>bet-commands.dead-letter</c>. Letters that are looked at are held unacknowledged and go back in their order
/// when the store is closed; one that is replayed is acknowledged only after the broker has confirmed the copy.
/// </summary>
public sealed class RabbitDeadLetterStore(RabbitMqOptions options) : IDeadLetterStore
{
    static readonly string Queue = Topics.DeadLetter(Topics.Commands);

    readonly RabbitReplaySender _originals = new(options);
    RabbitLookLock? _alone;
    RabbitLook? _look;

    public string Name => "rabbitmq";

    public async IAsyncEnumerable<StoredLetter> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        if (_look is not null)
        {
            throw new InvalidOperationException("a store holds its letters until it is closed, and reads them once");
        }
        _alone ??= await RabbitLookLock.TakeAsync(options, Queue, cancellation);
        if (!await RabbitLetterOrder.RestoreAsync(options, Queue, _alone, cancellation))
        {
            await Console.Error.WriteLineAsync(
                $"{Name}: another program has taken letters of {Queue} and given them back; their "
                    + $"order is not the one in which they were put aside"
            );
        }
        // As many as there are now; what comes meanwhile belongs to the next look.
        var count = await _alone.CountAsync(cancellation);
        _look = await RabbitLook.OpenAsync(options, Queue, cancellation);
        await foreach (var held in _look.TakeAsync(LookPages.Of(count), cancellation))
        {
            yield return Letter(held);
        }
    }

    public Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation) =>
        _originals.SendBackAsync([.. letters.Select(Original)], cancellation);

    public Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation) =>
        _look!.AcknowledgeAsync(letters.Select(letter => (HeldLetter)letter.Handle), cancellation);

    public async ValueTask DisposeAsync()
    {
        await _originals.DisposeAsync();
        // The lock last: the next look sees the letters that this one held.
        if (_look is not null)
        {
            await _look.DisposeAsync();
        }
        if (_alone is not null)
        {
            await _alone.DisposeAsync();
        }
    }

    static RabbitOriginal Original(StoredLetter letter)
    {
        var properties = RabbitHeaders.Copy(((HeldLetter)letter.Handle).Properties, name => !LetterHeaders.IsOurs(name));
        properties.Headers![LetterHeaders.Replays] = letter.Replays + 1;
        return new RabbitOriginal(properties, letter.Body);
    }

    static StoredLetter Letter(HeldLetter held)
    {
        var (body, cut) = (held.Body, held.Cut);
        // RabbitMQ counts deliveries among the headers, so the bytes of headers that cannot be read differ at each look.
        var readable = RabbitHeaders.Text(held.Properties);
        List<KeyValuePair<string, string>> headers = [.. readable, .. cut.Headers];
        var death =
            held.Properties.Headers?.TryGetValue("x-death", out var deaths) == true
            && deaths is List<object?> and [IDictionary<string, object?> latest, ..]
                ? latest
                : null;
        // Ingest's own letters have no x-death. On those that RabbitMQ gave up, headers like ours are their publisher's.
        var isBrokers = death is not null && Death("queue") == Topics.Commands;
        var from = Header(DeadLetter.CoordinatesHeader) ?? Death("queue") ?? "";
        return new StoredLetter
        {
            Id = LetterIdentity.IdOf(body, readable),
            From = from,
            Reason = Header(DeadLetter.ReasonHeader)
                ?? (
                    cut.Headers.Count > 0 ? "unknown: its headers cannot be read"
                    : death is null ? "unknown"
                    : $"given up by the broker: {Death("reason")}"
                ),
            Field = Header(DeadLetter.FieldHeader) ?? "",
            Kind = CommandKindPeek.Of(body.Span),
            At = At(Header(DeadLetter.TimeHeader), death),
            Replays = LetterHeaders.ReplaysOf(headers),
            NotReplayable =
                from.Split('#')[0] == Topics.Commands
                    ? LetterHeaders.TruncationOf(isBrokers ? cut.Headers : headers)
                    : $"its headers do not say that it came from {Topics.Commands}",
            Body = body,
            Headers = headers,
            Handle = held,
        };

        string? Header(string name) => isBrokers ? null : headers.LastOrDefault(header => header.Key == name).Value;

        string? Death(string field) => death?.TryGetValue(field, out var value) == true ? RabbitHeaders.Plain(value) : null;
    }

    static DateTime At(string? text, IDictionary<string, object?>? death) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment.UtcDateTime
        : death?.TryGetValue("time", out var time) == true && time is AmqpTimestamp seconds ? RabbitHeaders.Moment(seconds)
        : default;
}
