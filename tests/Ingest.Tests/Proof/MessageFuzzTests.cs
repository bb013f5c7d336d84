using System.Globalization;
using System.Text;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

/// <summary>Sent = outcomes + dead letters, by id: no message is lost, and none is both.</summary>
public sealed class MessageFuzzTests(Servers servers)
{
    // So many are sent before what became of them is looked at: the broker of a test has little room.
    const int Round = 3000;

    [Fact]
    public async Task Through_RabbitMQ_each_message_is_an_outcome_or_a_dead_letter()
    {
        var fuzz = new MessageFuzz(1);
        await ThroughAsync(
            "rabbitmq",
            async stage =>
            {
                var messages = new List<FuzzMessage>(Round);
                foreach (var chunk in Enumerable.Range(0, Round).Select(_ => fuzz.NextForRabbit()).Chunk(500))
                {
                    await Task.WhenAll(chunk.Select(one => stage.Rabbit.PublishAsync([one.Message.Body!], one.Properties)));
                    messages.AddRange(chunk.Select(one => one.Message));
                }
                return messages;
            },
            async stage =>
            {
                var letters = new List<int>();
                while (await stage.Rabbit.TakeAsync(Rabbit.DeadLetters) is { } letter)
                {
                    letters.Add(
                        int.Parse(
                            letter.BasicProperties.MessageId
                                ?? Encoding.ASCII.GetString((byte[])letter.BasicProperties.Headers!["properties.message-id"]!),
                            CultureInfo.InvariantCulture
                        )
                    );
                }
                return letters;
            }
        );
    }

    [Fact]
    public async Task Through_Kafka_each_record_is_an_outcome_or_a_dead_letter()
    {
        var fuzz = new MessageFuzz(2);
        var seen = 0L;
        await ThroughAsync(
            "kafka",
            async stage =>
            {
                (FuzzMessage Message, Confluent.Kafka.Message<byte[]?, byte[]?> Record)[] round =
                [
                    .. Enumerable.Range(0, Round).Select(_ => fuzz.NextForKafka()),
                ];
                await stage.Kafka.PublishAsync(round.Select(one => one.Record));
                return [.. round.Select(one => one.Message)];
            },
            stage =>
            {
                var letters = stage.Kafka.DeadLettersFrom(seen);
                seen += letters.Count;
                return Task.FromResult(
                    letters.ConvertAll(letter =>
                        int.Parse(
                            Encoding.ASCII.GetString(letter.Message.Headers.GetLastBytes(MessageFuzz.NumberHeader)),
                            CultureInfo.InvariantCulture
                        )
                    )
                );
            }
        );
    }

    async Task ThroughAsync(string door, Func<Stage, Task<List<FuzzMessage>>> send, Func<Stage, Task<List<int>>> takeLetters)
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start($"--Ingest:Doors={door}");
        await worker.ReadyAsync();
        var (sent, outcomes, dead) = (0, 0, 0);
        while (sent < TestSize.Of(2 * Round, 501_000))
        {
            var messages = await send(stage);
            sent += messages.Count;
            await Deadline.UntilAsync($"the end of {sent} messages", TimeSpan.FromSeconds(120), async () =>
                (await FuzzTests.CountsAsync(worker)).Values.Sum() >= sent
            );
            var letters = (await takeLetters(stage)).ToHashSet();

            Assert.Equal(messages.Where(message => message.Command is null).Select(message => message.Number).Order(), letters.Order());
            var ids = messages.Where(message => message.Command is not null).Select(message => message.Command!.Value).Distinct().ToArray();
            Assert.Equal(ids.Length, await CountAsync(stage, ids));
            (outcomes, dead) = (outcomes + messages.Count - letters.Count, dead + letters.Count);
        }

        Assert.Equal(sent, (await FuzzTests.CountsAsync(worker)).Values.Sum());
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        TestContext.Current.TestOutputHelper!.WriteLine($"{door}: {sent} sent = {outcomes} with an outcome + {dead} dead letters");
        Assert.Equal(0, await worker.StopAsync());
    }

    static async Task<long> CountAsync(Stage stage, Guid[] ids)
    {
        await using var count = stage.Postgres.CreateCommand("SELECT count(*) FROM commands WHERE command_id = ANY($1)");
        count.Parameters.AddWithValue(ids);
        return (long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
