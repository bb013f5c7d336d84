using Betting.Brokers;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.DeadLetters;

/// <summary>The topic <c>bet-commands.dead-letter</c>: key, value and headers of the original, and ours.</summary>
public sealed class KafkaDeadLetters(IOptions<KafkaOptions> kafka) : ILetterBroker, IDisposable
{
    static readonly string Topic = Topics.DeadLetter(Topics.Commands);

    // A broker that takes nothing for this long is seen; the client's own choice is five minutes.
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    readonly LastingProducer _producer = new(onError => new ProducerBuilder<byte[]?, byte[]?>(
            kafka.Value.Producer(config =>
            {
                config.Acks = Acks.All;
                config.EnableIdempotence = true;
                config.ClientId = "ingest";
                config.ReconnectBackoffMaxMs = 1000;
                // The topic's own limit decides, and its answer is about one record. The client's would be one more limit to forget.
                config.MessageMaxBytes = 1_000_000_000;
                // As many small letters as before go in one request.
                config.BatchSize = 1_000_000;
                config.MessageTimeoutMs = (int)Limit.TotalMilliseconds;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler(onError).Build());

    readonly KafkaLetterSender _compressed = new(kafka.Value, Limit, RecordBatching.AloneCompressed);

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, bool isShortened, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(letters.Select(letter => SendAsync(letter, isShortened, cancellation)));
        }
        catch (KafkaException failure) when (letters.Count == 1 && KafkaRefusals.IsSize(failure.Error.Code))
        {
            // Its publisher may have compressed it.
            await _compressed.SendAsync(Topic, Content(letters[0], isShortened), cancellation);
            letters[0].IsAside = true;
        }
    }

    /// <summary>A producer's answers by code; docs/failures.md has them.</summary>
    public bool IsRefusal(Exception failure) =>
        failure is KafkaException { Error.Code: var code } ? KafkaRefusals.OfRecord.Contains(code) : failure is ArgumentException;

    public void Dispose()
    {
        _compressed.Dispose();
        _producer.Dispose();
    }

    async Task SendAsync(DeadLetter letter, bool isShortened, CancellationToken cancellation)
    {
        // The client's own limit does not hold for every message of a producer that has become unusable.
        await (await _producer.NowAsync(cancellation))
            .ProduceAsync(Topic, Message(Content(letter, isShortened)), cancellation)
            .WaitAsync(1.5 * Limit, TimeProvider.System, cancellation);
        letter.IsAside = true;
    }

    static LetterContent Content(DeadLetter letter, bool isShortened) =>
        isShortened ? ShortenedLetter.Of(LetterForm.Content(letter), LetterForm.ShortenedBytes) : LetterForm.Content(letter);

    static Message<byte[]?, byte[]?> Message(LetterContent content)
    {
        var headers = new Headers();
        foreach (var header in content.Headers)
        {
            headers.Add(header.Name, header.Value?.ToArray());
        }
        return new Message<byte[]?, byte[]?>
        {
            Key = content.Key?.ToArray(),
            Value = content.Body?.ToArray(),
            Headers = headers,
        };
    }
}
