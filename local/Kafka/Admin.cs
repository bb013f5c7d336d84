using Confluent.Kafka;

namespace Betting.Local.Kafka;

/// <summary>The admin HTTP: topics, and faults on demand.</summary>
static class Admin
{
    public static void Map(WebApplication app, LocalBrokers brokers)
    {
        app.MapGet("/health", () => Results.Ok(
                new
                {
                    status = "ok",
                    kind = "stand-in for Kafka: librdkafka's mock cluster, memory only",
                    bootstrap = brokers.Bootstrap,
                    down = Enumerable.Range(1, brokers.Brokers).Where(brokers.IsDown),
                }
            ));
        MapTopics(app, brokers);
        MapFaults(app, brokers);
    }

    static void MapTopics(WebApplication app, LocalBrokers brokers)
    {
        app.MapGet("/topics", () => Results.Ok(brokers.Topics));
        app.MapPut("/topics/{topic}", (string topic, int? partitions) => Create(brokers, topic, partitions ?? 1));
        app.MapDelete("/topics/{topic}", (string topic) => Answer(brokers.DeleteTopic(topic)));
        app.MapPut("/topics/{topic}/settings/{name}", (string topic, string name, string value) =>
            Found(TopicSettings.TrySet(topic, name, value), topic)
        );
        app.MapDelete("/topics/{topic}/settings/{name}", (string topic, string name) =>
            Found(TopicSettings.TrySet(topic, name, null), topic)
        );
        app.MapDelete("/topics/{topic}/partitions/{partition:int}/records", (string topic, int partition, long before) =>
            Answer(brokers.DeleteRecords(topic, partition, before))
        );
        app.MapPost("/topics/{topic}/partitions/{partition:int}/leader", (string topic, int partition, int broker) =>
            Answer(brokers.MoveLeader(topic, partition, broker))
        );
    }

    static void MapFaults(WebApplication app, LocalBrokers brokers)
    {
        app.MapPost("/brokers/{broker:int}/down", (int broker) => WithBroker(brokers, broker, () => brokers.SetDown(broker)));
        app.MapPost("/brokers/{broker:int}/up", (int broker) => WithBroker(brokers, broker, () => brokers.SetUp(broker)));
        app.MapPost("/brokers/{broker:int}/rtt", (int broker, int ms) =>
            WithBroker(brokers, broker, () => brokers.SetRoundTrip(broker, ms))
        );
        app.MapPost("/coordinators/{kind}/{key}", (string kind, string key, int broker) =>
            Answer(brokers.MoveCoordinator(kind, key, broker))
        );
        app.MapPost("/errors/{api}", (string api, string code, int? times) =>
        {
            if (!RequestKinds.TryParse(api, out short kind))
                return Results.BadRequest($"'{api}' is no kind of request: use its name or number");
            if (!Enum.TryParse(code, ignoreCase: true, out ErrorCode error))
                return Results.BadRequest($"'{code}' is no error code: use its name or number");
            int[] codes = new int[Math.Clamp(times ?? 1, 1, 10_000)];
            Array.Fill(codes, (int)error);
            brokers.PushErrors(kind, codes);
            return Results.NoContent();
        });
        app.MapDelete("/errors/{api}", (string api) =>
        {
            if (!RequestKinds.TryParse(api, out short kind))
                return Results.BadRequest($"'{api}' is no kind of request: use its name or number");
            brokers.ClearErrors(kind);
            return Results.NoContent();
        });
    }

    // Asking twice for the same topic is no mistake; asking for other partitions is.
    static IResult Create(LocalBrokers brokers, string topic, int partitions)
    {
        if (partitions is < 1 or > 1000)
            return Results.BadRequest($"{partitions} partitions: 1 to 1000 are possible");
        return brokers.CreateTopic(topic, partitions) switch
        {
            ErrorCode.NoError => Results.Created($"/topics/{topic}", new { topic, partitions }),
            ErrorCode.TopicAlreadyExists when brokers.Topics.TryGetValue(topic, out int has) && has == partitions => Results.Ok(
                new { topic, partitions }
            ),
            ErrorCode.TopicAlreadyExists => Results.Conflict($"{topic} is there with another number of partitions"),
            var error => Answer(error),
        };
    }

    static IResult WithBroker(LocalBrokers brokers, int broker, Func<ErrorCode> act) =>
        broker >= 1 && broker <= brokers.Brokers ? Answer(act()) : Results.NotFound($"there are brokers 1 to {brokers.Brokers}");

    static IResult Found(bool isThere, string topic) => isThere ? Results.NoContent() : Results.NotFound($"there is no topic {topic}");

    static IResult Answer(ErrorCode result) =>
        result switch
        {
            ErrorCode.NoError => Results.NoContent(),
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition => Results.NotFound(
                result.ToString()
            ),
            _ => Results.BadRequest(result.ToString()),
        };
}
