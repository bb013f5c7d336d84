using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Hosting;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Messages;
using Confluent.Kafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest dead-letters list|show|replay|drop</c>, over the doors whose brokers are named in the settings.</summary>
static class DeadLettersVerb
{
    public static WorkerCommandLine WithDeadLetters(this WorkerCommandLine line) =>
        LetterVerbs.AddTo(line, "Ingest", Compose, OpenAndTellAsync);

    static void Compose(WebApplicationBuilder builder)
    {
        BrokerSettings.Bind(builder);
        builder.Services.AddOptionalPostgres(builder.Configuration, "ingest dead-letters", PostgresSessions.GiveUpLocks);
        builder.Services.AddSingleton<IStoreFailures, LettersInUse>();
    }

    // The same, and a line for each that the settings leave out although the workers open its door.
    static async IAsyncEnumerable<IDeadLetterStore> OpenAndTellAsync(
        string? door,
        IServiceProvider services,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        foreach (var missing in DoorBroker.Of(services).Where(broker => door is null && broker is { IsSet: false, IsOpened: true }))
        {
            await Console.Error.WriteLineAsync(
                $"Ingest dead-letters: {missing.Setting} is not set; dead letters of that door are not read. Set it, or name a door "
                    + $"with --door"
            );
        }
        await foreach (var store in OpenAsync(door, services).WithCancellation(cancellation))
        {
            yield return store;
        }
    }

    /// <summary>The stores of the doors whose brokers are named in the settings.</summary>
    public static async IAsyncEnumerable<IDeadLetterStore> OpenAsync(string? door, IServiceProvider services)
    {
        Door? asked =
            door is null ? null
            : Enum.TryParse<Door>(door, ignoreCase: true, out var known) ? known
            : throw new ArgumentsException("--door: rabbitmq or kafka");
        var rabbit = services.GetRequiredService<IOptions<RabbitMqOptions>>().Value;
        var kafka = services.GetRequiredService<IOptions<KafkaOptions>>().Value;
        if (rabbit.Uri == "" && (kafka.BootstrapServers == "" || asked == Door.RabbitMq))
        {
            throw new ArgumentsException("RabbitMq:Uri: required");
        }
        if (kafka.BootstrapServers == "" && asked == Door.Kafka)
        {
            throw new ArgumentsException("Kafka:BootstrapServers: required");
        }
        var fromRabbit = asked != Door.Kafka && rabbit.Uri != "";
        var fromKafka = asked != Door.RabbitMq && kafka.BootstrapServers != "";
        var clock = services.GetRequiredService<TimeProvider>();
        await using var exclusive = new LetterLock(services.GetService<PostgresSource>(), clock);
        if (fromRabbit)
        {
            yield return new RabbitDeadLetterStore(rabbit);
        }
        if (fromKafka)
        {
            yield return new KafkaDeadLetterStore(
                kafka,
                Topics.Commands,
                Topics.DeadLetter(Topics.Commands),
                Describe,
                clock,
                takeLock: exclusive.TakeAsync
            );
        }
        if (services.GetService<PostgresSource>() is not { } postgres)
        {
            await Console.Error.WriteLineAsync(
                "Ingest dead-letters: Postgres:ConnectionString is not set; letters that no broker "
                    + "took, in the table dead_letters, are not read"
            );
            yield break;
        }
        if (fromRabbit)
        {
            await using var sender = new RabbitReplaySender(rabbit);
            yield return new TableDeadLetterStore(postgres, RabbitDoor.Door, exclusive, (letters, ending) =>
                TableReplay.ToRabbitAsync(sender, letters, ending)
            );
        }
        if (fromKafka)
        {
            using var sender = new KafkaReplaySender(kafka);
            yield return new TableDeadLetterStore(postgres, KafkaDoor.Door, exclusive, (letters, ending) =>
                TableReplay.ToKafkaAsync(sender, letters, ending)
            );
        }
    }

    static LetterDescription Describe(Message<byte[]?, byte[]?> message)
    {
        return new LetterDescription(
            Header(DeadLetter.CoordinatesHeader),
            Header(DeadLetter.ReasonHeader),
            Header(DeadLetter.FieldHeader),
            CommandKindPeek.Of(message.Value),
            DateTimeOffset.TryParse(Header(DeadLetter.TimeHeader), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? at.UtcDateTime
                : KafkaTime.At(message.Timestamp).UtcDateTime
        );

        string Header(string name) => message.Headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
    }
}
