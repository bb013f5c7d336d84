using System.Text;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary><c>Ingest dead-letters</c> while one of the stores is away: the others are asked.</summary>
public sealed class StoreAwayTests(Servers servers)
{
    const string Away = "--RabbitMq:Uri=amqp://a:b@127.0.0.1:1/";

    [Fact]
    public async Task While_RabbitMQ_is_away_the_letters_of_Kafka_and_of_the_table_are_listed_shown_replayed_and_dropped()
    {
        await using var stage = await Stage.SetAsync(servers);
        var id = Guid.CreateVersion7();
        await stage.Kafka.PublishLettersAsync([(0, 0, Encoding.ASCII.GetBytes($$"""{"id":"{{id}}"}""")), (0, 1, "other"u8.ToArray())]);
        await using (
            var insert = stage.Postgres.CreateCommand(
                """
                INSERT INTO dead_letters (door, source, put_aside_at, body, headers) VALUES ('rabbitmq', 'bet-commands#1', now(),
                    'in the table', convert_to('[]', 'UTF8'))
                """
            )
        )
        {
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var (code, output) = await VerbAsync(stage, "dead-letters", "list");
        Assert.True(code == 2, output);
        Assert.Contains("rabbitmq: connection refused; what was not done is still there", output, StringComparison.Ordinal);
        Assert.Contains("kafka: 2 letters", output, StringComparison.Ordinal);
        Assert.Contains("postgresql (rabbitmq): 1 letters", output, StringComparison.Ordinal);
        Assert.Contains("could not ask RabbitMQ at 127.0.0.1:1", output, StringComparison.Ordinal);
        (code, output) = await VerbAsync(stage, "dead-letters", "show", "bet-commands/0@1");
        Assert.True(code == 0, output);
        Assert.Contains("other", output, StringComparison.Ordinal);
        Assert.Equal(2, (await VerbAsync(stage, "dead-letters", "show", "absent")).ExitCode);
        (code, output) = await VerbAsync(stage, "outcome", id.ToString());
        Assert.True(code == 0, output);
        Assert.Contains("outcome    dead-letter", output, StringComparison.Ordinal);

        (code, output) = await VerbAsync(stage, "dead-letters", "replay", "--all");
        Assert.True(code == 2, output);
        Assert.Contains("kafka: 2 letters replayed\n", output, StringComparison.Ordinal);
        Assert.Contains("postgresql (rabbitmq): connection refused; what was not done is still there", output, StringComparison.Ordinal);
        Assert.Equal(1L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        (code, output) = await VerbAsync(stage, "dead-letters", "drop", "--all");
        Assert.True(code == 2, output);
        Assert.Contains("postgresql (rabbitmq): 1 letters dropped\n", output, StringComparison.Ordinal);
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
    }

    static Task<(int ExitCode, string Output)> VerbAsync(Stage stage, params string[] arguments) =>
        IngestProcess.RunAsync(stage.Folder, [.. arguments, stage.Settings[0], Away, .. stage.Kafka.Settings]);
}
