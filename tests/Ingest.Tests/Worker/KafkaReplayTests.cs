using System.Text;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary><c>Ingest dead-letters replay</c> over Kafka: the answer is per letter.</summary>
public sealed class KafkaReplayTests(Servers servers)
{
    // More than the 200 letters that are on the way at once.
    const int Small = 250;

    [Fact]
    public async Task A_letter_that_the_topic_does_not_take_stays_and_is_named_and_all_others_are_sent_back_once_and_marked()
    {
        await using var stage = await Stage.SetAsync(servers);
        var large = Bytes("large", 200_000);
        await stage.Kafka.PublishLettersAsync([(0, 0, large), .. Letters(Small), (7, 5, "elsewhere"u8.ToArray()), (0, 0, large)]);
        string[] replay = ["replay", "--all", "--door", "kafka", "--Kafka:Client:message.max.bytes=100000"];

        var (code, output) = await stage.LettersAsync(replay);

        Assert.True(code == 1, output);
        Assert.Contains($"kafka: {Small} letters replayed, 2 stay\n", output, StringComparison.Ordinal);
        Assert.Contains($"kafka: {Topics.Commands}/0@0 stays: ", output, StringComparison.Ordinal);
        Assert.Contains("MsgSizeTooLarge", output, StringComparison.Ordinal);
        Assert.Contains($"kafka: {Topics.Commands}/7@5 stays: ", output, StringComparison.Ordinal);
        Assert.Contains("UnknownPartition", output, StringComparison.Ordinal);
        Assert.Contains($"Ingest dead-letters: {Small} letters replayed, 2 stay\n", output, StringComparison.Ordinal);
        AssertSentOnce(stage, Small);
        Assert.Contains(
            "kafka: 2 letters and 1 copies of them",
            (await stage.LettersAsync("list", "--door", "kafka")).Output,
            StringComparison.Ordinal
        );

        (code, output) = await stage.LettersAsync(replay);
        Assert.True(code == 1, output);
        Assert.Contains("kafka: 0 letters replayed, 2 stay", output, StringComparison.Ordinal);
        AssertSentOnce(stage, Small);

        // The topic takes it now.
        (code, output) = await stage.LettersAsync(replay[..^1]);
        Assert.True(code == 1, output);
        Assert.Contains("kafka: 1 letters and 1 copies of them replayed, 1 stay", output, StringComparison.Ordinal);
        AssertSentOnce(stage, Small + 1);
        (code, output) = await stage.LettersAsync("drop", "--all", "--door", "kafka");
        Assert.True(code == 0, output);
        Assert.Contains("kafka: 1 letters dropped", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public async Task A_record_that_is_too_large_for_the_topic_is_sent_back_compressed_before_it_stays(int refusals, int exitCode)
    {
        await using var stage = await Stage.SetAsync(servers);
        var body = Bytes("packed", 100_000);
        await stage.Kafka.PublishLettersAsync([(0, 0, body)]);
        await stage.Kafka.FailAsync("Produce", "MsgSizeTooLarge", refusals);

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

        Assert.True(code == exitCode, output);
        Assert.Contains(
            exitCode == 0 ? "kafka: 1 letters replayed\n" : "kafka: 0 letters replayed, 1 stay\n",
            output,
            StringComparison.Ordinal
        );
        Assert.Equal(exitCode == 0 ? [body] : [], stage.Kafka.Read(Topics.Commands).Select(sent => sent.Message.Value!));
    }

    [Fact]
    public async Task After_an_outage_in_the_middle_what_was_sent_is_marked_and_the_next_replay_sends_only_the_rest()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Letters(Small));
        await stage.Kafka.FailAsync("Produce", "TopicAuthorizationFailed", 1);

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

        Assert.True(code == 2, output);
        Assert.Contains("could not ask Kafka", output, StringComparison.Ordinal);
        // The client takes the answer for all that waits for the same topic.
        var sent = stage.Kafka.Read(Topics.Commands).Count;
        Assert.InRange(sent, 0, 199);
        Assert.Equal(sent > 0, output.Contains($"kafka: {sent} letters replayed\n", StringComparison.Ordinal));
        (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");
        Assert.True(code == 0, output);
        Assert.Contains($"kafka: {Small - sent} letters replayed\n", output, StringComparison.Ordinal);
        AssertSentOnce(stage, Small);
    }

    [Fact]
    public async Task A_replay_that_is_asked_to_stop_marks_what_it_has_sent()
    {
        const int Many = 10_000;
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Letters(Many));
        await using var replay = IngestProcess.Start(
            stage.Folder,
            ["dead-letters", "replay", "--all", "--door", "kafka", .. stage.Settings[..2], .. stage.Kafka.Settings]
        );
        await Deadline.UntilAsync("the first letters", TimeSpan.FromSeconds(60), () => Task.FromResult(stage.Kafka.CommandCount() > 0));
        // Sends wait for their answers from now on.
        await stage.Kafka.FailAsync("Produce", "NotEnoughReplicas", 10_000);
        var stopping = replay.StopAsync();
        await stage.Kafka.ServeAsync("Produce");

        Assert.Equal(1, await stopping);
        Assert.Contains("interrupted", replay.Log, StringComparison.Ordinal);
        var sent = stage.Kafka.CommandCount();
        Assert.InRange(sent, 1, Many - 1);
        Assert.Contains($"kafka: {sent} letters replayed\n", replay.Log, StringComparison.Ordinal);
        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");
        Assert.True(code == 0, output);
        AssertSentOnce(stage, Many);
    }

    [Fact]
    public async Task A_letter_that_was_sent_and_cannot_be_marked_is_counted_so_and_sent_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Letters(1));
        // The original's request passes, the mark's does not.
        await stage.Kafka.FailAsync("Produce", "NoError", 1);
        await stage.Kafka.FailAsync("Produce", "TopicAuthorizationFailed", 1);

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

        Assert.True(code == 2, output);
        Assert.Contains("kafka: 0 letters replayed", output, StringComparison.Ordinal);
        Assert.Contains("1 more letters were sent back, and marking them failed", output, StringComparison.Ordinal);
        Assert.Equal(0, (await stage.LettersAsync("replay", "--all", "--door", "kafka")).ExitCode);
        Assert.Equal(2, stage.Kafka.Read(Topics.Commands).Count);
    }

    [Fact]
    public async Task A_letter_of_the_table_is_sent_back_whole_and_one_whose_partition_is_gone_stays()
    {
        await using var stage = await Stage.SetAsync(servers);
        // Larger than the client's own limit of 1,000,000 bytes, and within a topic's default of 1,048,588.
        await InsertAsync(stage, "SELECT 'bet-commands/0@0', repeat('y', 1030000)");
        await InsertAsync(stage, "SELECT 'bet-commands/7@1', 'elsewhere'");
        await InsertAsync(stage, "SELECT 'bet-commands/0@' || n, 'letter ' || n FROM generate_series(2, 40) n");

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

        Assert.True(code == 1, output);
        Assert.Contains("postgresql (kafka): 40 letters replayed, 1 stay\n", output, StringComparison.Ordinal);
        Assert.Contains($"postgresql (kafka): {Topics.Commands}/7@1 stays: ", output, StringComparison.Ordinal);
        Assert.Equal(1L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        AssertSentOnce(stage, 40);
        Assert.Contains(stage.Kafka.Read(Topics.Commands), sent => sent.Message.Value!.Length == 1_030_000);
    }

    [Fact]
    public async Task Letters_that_come_back_into_the_table_during_a_replay_are_left_to_the_next_one()
    {
        await using var stage = await Stage.SetAsync(servers);
        await InsertAsync(stage, "SELECT 'bet-commands/0@' || n, 'letter ' || n FROM generate_series(1, 220) n");
        // As a worker that puts each of them aside again at once.
        await using (
            var again = stage.Postgres.CreateCommand(
                """
                CREATE FUNCTION put_aside_again() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO dead_letters (door, source, put_aside_at, key, body, headers) VALUES (OLD.door, OLD.source || '0', now(),
                        OLD.key, OLD.body, OLD.headers);
                    RETURN OLD;
                END $$;
                CREATE TRIGGER put_aside_again AFTER DELETE ON dead_letters FOR EACH ROW EXECUTE FUNCTION put_aside_again()
                """
            )
        )
        {
            await again.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "kafka");

        Assert.True(code == 0, output);
        Assert.Contains("postgresql (kafka): 220 letters replayed\n", output, StringComparison.Ordinal);
        Assert.Equal(220L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        AssertSentOnce(stage, 220);
    }

    static void AssertSentOnce(Stage stage, int letters)
    {
        var sent = stage.Kafka.Read(Topics.Commands).ConvertAll(record => Convert.ToHexString(record.Message.Value!));
        Assert.Equal((letters, letters), (sent.Count, sent.Distinct().Count()));
    }

    static IEnumerable<(int, long, byte[])> Letters(int count) =>
        Enumerable.Range(1, count).Select(number => (0, (long)number, Encoding.ASCII.GetBytes($"letter {number}")));

    static byte[] Bytes(string text, int count) => Encoding.ASCII.GetBytes(text.PadRight(count, 'x'));

    static async Task InsertAsync(Stage stage, string sourcesAndBodies)
    {
        await using var insert = stage.Postgres.CreateCommand(
            $"""
            INSERT INTO dead_letters (door, source, put_aside_at, body, headers)
            SELECT 'kafka', source, now(), convert_to(body, 'UTF8'), convert_to('[]', 'UTF8') FROM ({sourcesAndBodies}) letter (source,
            body)
            """
        );
        await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
