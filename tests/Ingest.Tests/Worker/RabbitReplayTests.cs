using System.Text;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary><c>Ingest dead-letters replay</c> over RabbitMQ: the answer is per letter.</summary>
public sealed class RabbitReplayTests(Servers servers)
{
    // RabbitMQ's own.
    const int DefaultMaxMessageSize = 134_217_728;

    [Theory]
    // A letter of this size is sent when nothing else is on its way.
    [InlineData(100_000, 300_000, 70_000)]
    // The channel is closed while others are on their way.
    [InlineData(3_000, 5_000, 2_000)]
    public async Task A_letter_that_the_broker_does_not_take_stays_and_is_named_and_the_others_are_sent_back_and_gone(
        int limit,
        int large,
        int medium
    )
    {
        // The limit is the whole node's.
        await using var server = new RabbitServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, $"limit-{limit}")).FullName,
            FreePort.Take()
        );
        await server.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: server);
        byte[][] letters = [Bytes(1, 20), Bytes(2, large), Bytes(3, 20), Bytes(4, medium), Bytes(5, 20), Bytes(6, large + 1), Bytes(7, 20)];
        await stage.Rabbit.PublishLettersAsync(letters);
        await server.SetMaxMessageSizeAsync(limit);
        try
        {
            var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

            Assert.True(code == 1, output);
            Assert.Contains("rabbitmq: 5 letters replayed, 2 stay\n", output, StringComparison.Ordinal);
            Assert.Equal(2, output.Split('\n').Count(line => line.Contains(" stays: PRECONDITION_FAILED", StringComparison.Ordinal)));
            Assert.Contains("Ingest dead-letters: 5 letters replayed, 2 stay\n", output, StringComparison.Ordinal);
            Assert.Equal(2u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
            (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
            Assert.True(code == 1, output);
            Assert.Contains("rabbitmq: 0 letters replayed, 2 stay\n", output, StringComparison.Ordinal);
        }
        finally
        {
            await server.SetMaxMessageSizeAsync(DefaultMaxMessageSize);
        }
        var (last, said) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
        Assert.True(last == 0, said);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        var back = (await stage.Rabbit.TakeCommandsAsync((int)await stage.Rabbit.CountAsync(Topics.Commands))).ConvertAll(message =>
            Convert.ToHexString(message.Body.Span)
        );
        Assert.Equal(letters.Select(Convert.ToHexString).Order(StringComparer.Ordinal), back.Distinct().Order(StringComparer.Ordinal));
        if (medium > 64 * 1024)
        {
            Assert.Equal(letters.Length, back.Count);
        }
    }

    [Fact]
    public async Task Letters_that_a_full_queue_does_not_take_stay_and_those_that_it_took_are_gone()
    {
        var server = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.PublishLettersAsync([.. Enumerable.Range(0, 30).Select(number => Bytes(number, 70_000))]);
        await server.LimitLengthAsync(Topics.Commands, 5);
        try
        {
            var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

            Assert.True(code == 1, output);
            Assert.Contains("the queue bet-commands did not take it (negative confirm)", output, StringComparison.Ordinal);
            var (sent, left) = (await stage.Rabbit.CountAsync(Topics.Commands), await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
            Assert.True(sent is >= 5 and < 30, output);
            Assert.Equal(30u, sent + left);
            Assert.Contains($"Ingest dead-letters: {sent} letters replayed, {left} stay\n", output, StringComparison.Ordinal);
        }
        finally
        {
            await server.LimitLengthAsync(Topics.Commands, null);
        }
        Assert.Equal(0, (await stage.LettersAsync("replay", "--all", "--door", "rabbitmq")).ExitCode);
        Assert.Equal(30u, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task Letters_without_a_queue_of_commands_stay()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.PublishLettersAsync(Bytes(1, 20), Bytes(2, 20));
        await stage.Rabbit.DeleteAsync(Topics.Commands);
        try
        {
            var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

            Assert.True(code == 1, output);
            Assert.Contains("stays: there is no queue bet-commands", output, StringComparison.Ordinal);
            Assert.Contains("Ingest dead-letters: 0 letters replayed, 2 stay\n", output, StringComparison.Ordinal);
            Assert.Equal(2u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        }
        finally
        {
            await using var declared = await Rabbit.OpenAsync(await servers.RabbitAsync(), purge: false);
        }
    }

    [Fact]
    public async Task A_letter_of_the_table_whose_headers_no_frame_takes_stays_and_the_others_are_sent_back()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using (
            var insert = stage.Postgres.CreateCommand(
                """
                INSERT INTO dead_letters (door, source, put_aside_at, body, headers)
                SELECT 'rabbitmq', 'bet-commands#' || n, now(), convert_to('letter ' || n, 'UTF8'),
                    convert_to(CASE n WHEN 2 THEN '[["large","' || repeat('eHh4', 60000) || '"]]' ELSE '[]' END, 'UTF8')
                FROM generate_series(1, 5) n
                """
            )
        )
        {
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 1, output);
        Assert.Contains("postgresql (rabbitmq): 4 letters replayed, 1 stay\n", output, StringComparison.Ordinal);
        Assert.Equal(1L, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        var back = (await stage.Rabbit.TakeCommandsAsync((int)await stage.Rabbit.CountAsync(Topics.Commands))).ConvertAll(message =>
            Encoding.UTF8.GetString(message.Body.Span)
        );
        Assert.Equal(["letter 1", "letter 3", "letter 4", "letter 5"], back.Order(StringComparer.Ordinal));
    }

    static byte[] Bytes(int number, int count) => Encoding.ASCII.GetBytes($"letter {number} ".PadRight(count, 'x'));
}
