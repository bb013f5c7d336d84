using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.DeadLetters;
using Betting.Hosting;
using ClickHouse.Driver;
using Confluent.Kafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.DeadLetters;

/// <summary><c>CdcSink dead-letters list|show|replay|drop</c>, over the dead-letter topics and the table <c>dead_letters</c>.</summary>
static class DeadLettersVerb
{
    static readonly string[] Names = ["users", "events", "bets", "message", "heartbeat"];

    static readonly Option<string?> Table = new Option<string?>("--table")
    {
        Description = "Only the dead letters of this table's topic, or of messages or heartbeats",
    }.AcceptOnlyFromAmong(Names);

    public static WorkerCommandLine WithDeadLetters(this WorkerCommandLine line) =>
        LetterVerbs.AddTo(line, "CdcSink", Compose, OpenAsync, Table);

    static void Compose(WebApplicationBuilder builder) => builder.Services.AddSinkPipeline().AddKafka().AddSingleton<DeadLetterTable>();

    static async IAsyncEnumerable<IDeadLetterStore> OpenAsync(
        string? table,
        IServiceProvider services,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var kafka = services.GetRequiredService<IOptions<KafkaOptions>>().Value;
        var topics = new ChangeTopics(services.GetRequiredService<IOptions<CdcSinkOptions>>().Value.TopicPrefix);
        foreach (
            var (name, topic) in Names
                .Zip([.. topics.Tables, topics.Messages, topics.Heartbeats])
                .Where(each => table is null || each.First == table)
        )
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new KafkaDeadLetterStore(
                kafka,
                topic,
                Topics.DeadLetter(topic),
                letter => Describe(letter, name),
                services.GetRequiredService<TimeProvider>(),
                name
            );
        }
        var named = Names
            .Zip([.. topics.Tables, topics.Messages, topics.Heartbeats])
            .Where(each => table is null || each.First == table)
            .ToDictionary(each => each.Second, each => each.First);
        var clickHouse = services.GetRequiredService<ClickHouseClient>();
        await FirstAnswer.OfAsync(clickHouse, cancellation);
        yield return new ClickHouseLetterStore(clickHouse, services.GetRequiredService<DeadLetterTable>(), named, kafka);
    }

    /// <summary>Reads what <see cref="LetterForm"/> writes.</summary>
    static LetterDescription Describe(Message<byte[]?, byte[]?> letter, string kind)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{Header("topic")}/{Header("partition")}@{Header("offset")}");
        return new LetterDescription(place, Header("reason"), Header("field"), kind, KafkaTime.At(letter.Timestamp).UtcDateTime);

        string Header(string name) =>
            letter.Headers.TryGetLastBytes("dead-letter." + name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
    }
}
