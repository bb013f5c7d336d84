using System.Text;
using Betting.Ingest.DeadLetters;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Several <c>Ingest dead-letters replay</c> over the same letters: at once, one after the other, and one that is killed.
/// </summary>
public sealed class TwoReplaysTests(Servers servers)
{
    const int Letters = 300;

    static readonly string[] Replay = ["replay", "--all", "--door", "kafka"];

    [Fact]
    public async Task Two_replays_at_once_and_a_third_one_send_each_letter_once()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Bodies());

        var both = await Task.WhenAll(stage.LettersAsync(Replay), stage.LettersAsync(Replay));

        Assert.All(both, replay => Assert.True(replay.ExitCode == 0, replay.Output));
        Assert.Equal(1, both.Count(replay => replay.Output.Contains($"kafka: {Letters} letters replayed\n", StringComparison.Ordinal)));
        Assert.Equal(1, both.Count(replay => replay.Output.Contains("kafka: 0 letters replayed\n", StringComparison.Ordinal)));
        Assert.Equal(0, (await stage.LettersAsync(Replay)).ExitCode);
        Assert.Equal(Letters, stage.Kafka.CommandCount());
    }

    [Fact]
    public async Task Letters_that_are_put_aside_again_do_not_multiply()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishAsync(Bodies().Select(letter => letter.Body));
        stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("the letters", TimeSpan.FromSeconds(60), () => Task.FromResult(stage.Kafka.DeadLetterCount() == Letters));

        var both = await Task.WhenAll(stage.LettersAsync(Replay), stage.LettersAsync(Replay));
        Assert.All(both, replay => Assert.True(replay.ExitCode == 0, replay.Output));
        Assert.Equal(0, (await stage.LettersAsync(Replay)).ExitCode);

        // Each command that was sent is one letter, and each letter that was replayed has its marker.
        await Deadline.UntilAsync("letters of all commands", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(stage.Kafka.DeadLetters().Count(record => record.Message.Value is not null) == stage.Kafka.CommandCount())
        );
        var (_, output) = await stage.LettersAsync("list", "--door", "kafka");
        Assert.Contains($"kafka: {Letters} letters\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("replay")]
    [InlineData("drop")]
    public async Task While_another_one_works_on_the_letters_nothing_is_sent_or_dropped(string verb)
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Bodies().Take(1));
        await using (
            var insert = stage.Postgres.CreateCommand(
                """
                INSERT INTO dead_letters (door, source, put_aside_at, body, headers)
                SELECT door, 'bet-commands/0@' || 1000, now(), 'in the table', convert_to('[]', 'UTF8') FROM unnest(ARRAY['kafka',
                    'rabbitmq']) door
                """
            )
        )
        {
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await using (var other = await stage.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            await using var hold = new NpgsqlCommand("SELECT pg_advisory_lock($1)", other)
            {
                Parameters = { new() { Value = LetterLock.Key } },
            };
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

            var (code, output) = await stage.LettersAsync(verb, "--all");

            Assert.True(code == 2, output);
            Assert.Contains(
                "kafka: another replay or drop works on these letters; ask again later; what was not done is still there\n",
                output,
                StringComparison.Ordinal
            );
            Assert.Contains(
                $"Ingest dead-letters {verb}: could not ask the dead letters: another replay or drop works on these "
                    + $"letters; ask again later\n",
                output,
                StringComparison.Ordinal
            );
            (code, output) = await stage.LettersAsync("list");
            Assert.True(code == 0, output);
            (code, output) = await stage.LettersAsync(verb, "--all", "--dry-run");
            Assert.True(code == 0, output);
            Assert.Equal((0L, 1L), (stage.Kafka.CommandCount(), stage.Kafka.DeadLetterCount()));
            Assert.Equal(2L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
            // The pool would keep the session, and the lock with it.
            stage.Postgres.Clear();
        }
        var (last, said) = await stage.LettersAsync(verb, "--all");
        Assert.True(last == 0, said);
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
    }

    [Fact]
    public async Task The_lock_of_a_replay_that_is_killed_is_free_at_once()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Bodies());
        // Sends wait for their answers.
        await stage.Kafka.FailAsync("Produce", "NotEnoughReplicas", 10_000);
        await using var killed = IngestProcess.Start(
            stage.Folder,
            ["dead-letters", .. Replay, .. stage.Settings[..2], .. stage.Kafka.Settings]
        );
        await Deadline.UntilAsync("a replay that holds the lock", TimeSpan.FromSeconds(60), async () => await HeldAsync(stage) == 1);
        await killed.KillAsync();
        await stage.Kafka.ServeAsync("Produce");

        var (code, output) = await stage.LettersAsync(Replay);

        Assert.True(code == 0, output);
        Assert.Contains($"kafka: {Letters} letters replayed\n", output, StringComparison.Ordinal);
        Assert.Equal(0, await HeldAsync(stage));
    }

    [Fact]
    public async Task A_replay_whose_lock_ends_with_its_session_sends_nothing_more()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Bodies());
        await stage.Kafka.FailAsync("Produce", "NotEnoughReplicas", 10_000);
        await using var replay = IngestProcess.Start(
            stage.Folder,
            ["dead-letters", .. Replay, .. stage.Settings[..2], .. stage.Kafka.Settings]
        );
        await Deadline.UntilAsync("a replay that holds the lock", TimeSpan.FromSeconds(60), async () => await HeldAsync(stage) == 1);
        await stage.CountAsync($"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {LockRow}");
        await stage.Kafka.ServeAsync("Produce");

        Assert.Equal(2, await replay.EndedAsync());
        // Those that were on their way, or none where the lock was gone before.
        Assert.InRange(stage.Kafka.CommandCount(), 0, 200);
        Assert.Equal(0, (await stage.LettersAsync(Replay)).ExitCode);
        Assert.Equal(Letters, stage.Kafka.CommandCount());
    }

    [Fact]
    public async Task Without_PostgreSQL_letters_of_Kafka_are_listed_and_neither_replayed_nor_dropped()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Kafka.PublishLettersAsync(Bodies().Take(1));
        Assert.Equal(0, (await VerbAsync("list")).ExitCode);

        var (code, output) = await VerbAsync("replay", "--all");

        Assert.True(code == 78, output);
        Assert.Contains(
            "Ingest dead-letters replay: Postgres:ConnectionString: required to replay or drop letters of Kafka",
            output,
            StringComparison.Ordinal
        );
        Assert.Equal(78, (await VerbAsync("drop", "--all")).ExitCode);
        Assert.Equal((0L, 1L), (stage.Kafka.CommandCount(), stage.Kafka.DeadLetterCount()));

        Task<(int ExitCode, string Output)> VerbAsync(params string[] arguments) =>
            IngestProcess.RunAsync(stage.Folder, ["dead-letters", .. arguments, .. stage.Kafka.Settings]);
    }

    static readonly string LockRow =
        "locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = "
        + "current_database()) AND (classid::bigint << 32) + objid::bigint = "
        + LetterLock.Key;

    static Task<long> HeldAsync(Stage stage) => stage.CountAsync($"SELECT count(*) FROM pg_locks WHERE {LockRow}");

    static IEnumerable<(int Partition, long Offset, byte[] Body)> Bodies() =>
        Enumerable.Range(1, Letters).Select(number => (0, (long)number, Encoding.ASCII.GetBytes($"letter {number}")));
}
