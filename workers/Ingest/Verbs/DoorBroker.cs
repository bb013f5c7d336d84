using Betting.Brokers;
using Betting.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Verbs;

/// <summary>A broker whose dead letters a verb reads.</summary>
/// <param name="Store">Its name.</param>
/// <param name="Setting">What names its address.</param>
/// <param name="IsSet">True where the setting has an address, so that it can be asked.</param>
/// <param name="IsOpened">True where the door is in <c>Ingest:Doors</c>: the workers with these settings open it.</param>
readonly record struct DoorBroker(string Store, string Setting, bool IsSet, bool IsOpened)
{
    /// <summary>Those of both doors.</summary>
    public static IEnumerable<DoorBroker> Of(IServiceProvider services)
    {
        var ingest = services.GetRequiredService<IOptions<IngestOptions>>().Value;
        yield return new(
            Stores.Rabbit,
            "RabbitMq:Uri",
            services.GetRequiredService<IOptions<RabbitMqOptions>>().Value.Uri != "",
            ingest.Opens(Door.RabbitMq)
        );
        yield return new(
            Stores.Kafka,
            "Kafka:BootstrapServers",
            services.GetRequiredService<IOptions<KafkaOptions>>().Value.BootstrapServers != "",
            ingest.Opens(Door.Kafka)
        );
    }
}
