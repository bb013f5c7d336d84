using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.RabbitMq;
using Confluent.Kafka;
using RabbitMQ.Client;

namespace Betting.Ingest.Verbs;

/// <summary>Sends letters of the table <c>dead_letters</c> back to where their originals came from.</summary>
static class TableReplay
{
    /// <summary>To the queue of commands.</summary>
    public static Task<IReadOnlyList<ReplayAnswer>> ToRabbitAsync(
        RabbitReplaySender sender,
        IReadOnlyList<StoredLetter> letters,
        CancellationToken cancellation
    ) => sender.SendBackAsync([.. letters.Select(letter => new RabbitOriginal(Properties(letter), letter.Body))], cancellation);

    /// <summary>Each to its own partition.</summary>
    public static async Task<IReadOnlyList<ReplayAnswer>> ToKafkaAsync(
        KafkaReplaySender sender,
        IReadOnlyList<StoredLetter> letters,
        CancellationToken cancellation
    ) =>
        await sender.SendBackAsync(
            letters.Select(letter => new KafkaOriginal(PlaceOf(letter), ((TableLetter)letter.Handle).Content, letter.Replays + 1)),
            cancellation
        );

    static Coordinates PlaceOf(StoredLetter letter) =>
        new(Topics.Commands, Coordinates.TryParse(letter.From, out var place) ? place.Partition : Partition.Any.Value, Offset.Unset.Value);

    // The table has properties among the headers.
    static BasicProperties Properties(StoredLetter letter)
    {
        var headers = ((TableLetter)letter.Handle).Content.Headers.Where(header => !LetterHeaders.IsOurs(header.Name)).ToList();
        var properties = new BasicProperties
        {
            Persistent = true,
            Headers = new Dictionary<string, object?> { [LetterHeaders.Replays] = letter.Replays + 1 },
        };
        RabbitProperties.Set(properties, headers);
        foreach (var header in headers.Where(header => header.Form != HeaderForm.Property))
        {
            properties.Headers[RabbitHeaders.ShortText(header.Name)!] = header.Value?.ToArray();
        }
        return properties;
    }
}
