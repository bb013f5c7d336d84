using Betting.Connections;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Ingest.DeadLetters;
using Confluent.Kafka;
using RabbitMQ.Client;
using Headers = Confluent.Kafka.Headers;

namespace Betting.Ingest.Verbs;

/// <summary>Sends letters of the table <c>dead_letters</c> back to where their originals came from.</summary>
static class TableReplay
{
    /// <summary>To the queue of commands. Returns when the broker has confirmed all.</summary>
    public static async Task ToRabbitAsync(RabbitMqOptions options, IReadOnlyList<StoredLetter> letters, CancellationToken cancellation)
    {
        await using var connection = await RabbitConnection.OpenAsync(options, "ingest dead-letters", cancellation);
        await using var channel = await connection.CreateChannelAsync(RabbitConnection.Confirmed, cancellation);
        foreach (var letter in letters)
        {
            await channel.BasicPublishAsync("", Topics.Commands, mandatory: true, Properties(letter), letter.Body, cancellation);
        }
    }

    /// <summary>Each to its own partition. Returns when all in-sync replicas have them.</summary>
    public static async Task ToKafkaAsync(KafkaOptions options, IReadOnlyList<StoredLetter> letters, CancellationToken cancellation)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(options.Producer(config =>
        {
            config.Acks = Acks.All;
            config.EnableIdempotence = true;
            config.ClientId = "dead-letters";
        })).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(letters.Select(letter => producer.ProduceAsync(PartitionOf(letter), Record(letter), cancellation)));
    }

    static TopicPartition PartitionOf(StoredLetter letter) =>
        new(Topics.Commands, Coordinates.TryParse(letter.From, out var place) ? place.Partition : Partition.Any);

    static Message<byte[]?, byte[]?> Record(StoredLetter letter)
    {
        var content = ((TableLetter)letter.Handle).Content;
        var headers = new Headers();
        foreach (var header in content.Headers.Where(header => !LetterHeaders.IsOurs(header.Name)))
        {
            headers.Add(header.Name, header.Value?.ToArray());
        }
        headers.Add(LetterHeaders.Replays, RabbitHeaders.Number(letter.Replays + 1));
        return new Message<byte[]?, byte[]?> { Key = content.Key?.ToArray(), Value = content.Body?.ToArray(), Headers = headers };
    }

    // The table has properties among the headers, by AMQP's names.
    static BasicProperties Properties(StoredLetter letter)
    {
        var headers = ((TableLetter)letter.Handle).Content.Headers.Where(header => !LetterHeaders.IsOurs(header.Name)).ToList();
        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = Text("content-type"),
            MessageId = Text("message-id"),
            CorrelationId = Text("correlation-id"),
            ReplyTo = Text("reply-to"),
            Headers = new Dictionary<string, object?> { [LetterHeaders.Replays] = letter.Replays + 1 },
        };
        foreach (var header in headers.Where(header => header.Name is not ("content-type" or "message-id" or "correlation-id" or "reply-to")))
        {
            properties.Headers[RabbitHeaders.ShortText(header.Name)!] = header.Value?.ToArray();
        }
        return properties;

        string? Text(string name) => RabbitHeaders.ShortText(letter.Headers.FirstOrDefault(header => header.Key == name).Value);
    }
}
