using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Betting.Brokers;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Looking at RabbitMQ's dead letters leaves them in their order, however a look ends.</summary>
public sealed class DeadLetterOrderTests(Servers servers)
{
    // More than the pages of a look at their least size.
    const int Letters = 600;

    static readonly BasicProperties Expiring = new()
    {
        Persistent = true,
        ContentType = "application/json",
        Expiration = "1",
    };

    // A publisher can write RabbitMQ's own header.
    static readonly BasicProperties Forging = new(Expiring) { Headers = new Dictionary<string, object?> { ["x-delivery-count"] = 1000L } };

    static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(20)]
    [InlineData(Letters)]
    public async Task Looks_of_every_kind_one_after_the_other_show_and_leave_the_letters_in_their_order(int count)
    {
        await using var stage = await Stage.SetAsync(servers);
        await PutAsideAsync(stage, 0, count);

        Assert.Equal(Enumerable.Range(0, count), await ListedAsync(stage));
        Assert.Equal(3, (await stage.LettersAsync("show", "absent", "--door", "rabbitmq")).ExitCode);
        Assert.Equal(3, (await IngestProcess.RunAsync(stage.Folder, ["outcome", Guid.NewGuid().ToString(), .. stage.Settings])).ExitCode);
        Assert.Equal(Enumerable.Range(0, 5), await ListedAsync(stage, "--limit", "5"));
        var (code, output) = await stage.LettersAsync("replay", "--all", "--dry-run", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        await PutAsideAsync(stage, count, 5);
        Assert.Equal(Enumerable.Range(0, count + 5), await ListedAsync(stage));
        Assert.Equal(Enumerable.Range(0, count + 5), await TakenAsync(stage));
    }

    [Fact]
    public async Task A_filtered_replay_and_a_filtered_drop_leave_the_rest_in_its_order()
    {
        await using var stage = await Stage.SetAsync(servers);
        await PutAsideAsync(stage, 0, Letters);
        Assert.Equal(Letters, (await ListedAsync(stage)).Count);

        var (code, output) = await stage.LettersAsync("replay", "--contains", "7", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        (code, output) = await stage.LettersAsync("drop", "--contains", "3", "--limit", "40", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        // Each acknowledged by itself, more than the 32 that RabbitMQ has on the way to a quorum queue.
        Assert.Contains("rabbitmq: 40 letters dropped", output, StringComparison.Ordinal);

        int[] replayed = [.. Enumerable.Range(0, Letters).Where(number => Has(number, '7'))];
        int[] dropped = [.. Enumerable.Range(0, Letters).Where(number => Has(number, '3') && !Has(number, '7')).Take(40)];
        Assert.Equal(replayed, (await stage.Rabbit.TakeCommandsAsync(replayed.Length)).ConvertAll(message => Number(message.Body.Span)));
        int[] rest = [.. Enumerable.Range(0, Letters).Except(replayed).Except(dropped)];
        Assert.Equal(rest, await ListedAsync(stage));
        Assert.Equal(rest, await TakenAsync(stage));
    }

    [Fact]
    public async Task A_replay_keeps_the_order_of_large_letters_among_small_ones()
    {
        await using var stage = await Stage.SetAsync(servers);
        var large = new BasicProperties(Expiring) { Headers = new Dictionary<string, object?> { ["large"] = new byte[70_000] } };
        for (var number = 0; number < 12; number++)
        {
            await PutAsideAsync(stage, number, 1, number % 3 == 1 ? large : Expiring);
        }

        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");

        Assert.True(code == 0, output);
        Assert.Equal(Enumerable.Range(0, 12), (await stage.Rabbit.TakeCommandsAsync(12)).ConvertAll(message => Number(message.Body.Span)));
    }

    [Theory]
    // Never looked at, and looked at before.
    [InlineData(false)]
    [InlineData(true)]
    public async Task Looks_that_are_killed_in_the_middle_leave_an_order_that_the_next_look_restores(bool isSeen)
    {
        await using var stage = await Stage.SetAsync(servers);
        await PutAsideAsync(stage, 0, Letters - 1);
        await PutAsideAsync(stage, Letters - 1, 1, Forging);
        if (isSeen)
        {
            Assert.Equal(Enumerable.Range(0, Letters), await ListedAsync(stage));
        }
        for (var kill = 0; kill < 3; kill++)
        {
            await KillLookAsync(stage);
        }
        await PutAsideAsync(stage, Letters, 5);

        Assert.Equal(Enumerable.Range(0, Letters + 5), await ListedAsync(stage));
        await KillLookAsync(stage);
        var (code, output) = await stage.LettersAsync("replay", "--all", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        Assert.Equal(
            Enumerable.Range(0, Letters + 5),
            (await stage.Rabbit.TakeCommandsAsync(Letters + 5)).ConvertAll(message => Number(message.Body.Span))
        );
    }

    [Fact]
    public async Task A_look_at_a_classic_queue_keeps_its_order_also_where_it_is_killed()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.DeleteAsync(Rabbit.DeadLetters);
        await stage.Rabbit.DeclareAsync(Rabbit.DeadLetters, CommandQueue.DeadLetterArguments(QueueKind.Classic));
        try
        {
            await PutAsideAsync(stage, 0, Letters);
            Assert.Equal(Enumerable.Range(0, Letters), await ListedAsync(stage));
            await KillLookAsync(stage);
            await Deadline.UntilAsync("the letters back in the queue", TimeSpan.FromSeconds(30), async () =>
                await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == Letters
            );
            Assert.Equal(Enumerable.Range(0, Letters), await ListedAsync(stage));
            Assert.Equal(0, (await stage.LettersAsync("drop", "--contains", "7", "--door", "rabbitmq")).ExitCode);
            Assert.Equal(Enumerable.Range(0, Letters).Where(number => !Has(number, '7')), await TakenAsync(stage));
        }
        finally
        {
            await stage.Rabbit.DeleteAsync(Rabbit.DeadLetters);
            await using var declared = await Rabbit.OpenAsync(await servers.RabbitAsync(), purge: false);
        }
    }

    [Fact]
    public async Task A_look_waits_for_letters_that_another_program_holds_and_shows_all_of_them_then()
    {
        await using var stage = await Stage.SetAsync(servers);
        await PutAsideAsync(stage, 0, 20);
        Task<List<int>> listing;
        await using (await stage.Rabbit.HoldAsync(Rabbit.DeadLetters, 3))
        {
            var (code, output) = await stage.LettersAsync("list", "--door", "rabbitmq");
            Assert.True(code == 2, output);
            Assert.Contains("somebody else looks at the letters and holds some of them", output, StringComparison.Ordinal);
            listing = ListedAsync(stage);
        }
        Assert.Equal(Enumerable.Range(0, 20), await listing);
    }

    [Fact]
    public async Task Expired_commands_that_were_looked_at_between_outages_are_replayed_in_their_order_and_wallets_are_right()
    {
        const int Users = 20;
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] users = [.. Enumerable.Range(1, Users).Select(user => Given.Register(user))];
        List<BetCommand> expired = [];
        for (var outage = 1; outage <= 3; outage++)
        {
            BetCommand[] commands =
            [
                .. Enumerable.Range(1, Users).Select(user => Given.Deposit(10_00, user)),
                .. Enumerable.Range(1, Users).Select(user => Given.Withdraw(10_00, user)),
            ];
            expired.AddRange(commands);
            await stage.Rabbit.PublishAsync(Stage.Encoded(commands), Expiring);
            await Deadline.UntilAsync("expired commands among the dead letters", TimeSpan.FromSeconds(30), async () =>
                await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == outage * 2 * Users
            );
            Assert.Equal(
                0,
                (await IngestProcess.RunAsync(stage.Folder, ["outcome", commands[^1].Id.ToString(), .. stage.Settings])).ExitCode
            );
            Assert.Equal(0, (await stage.LettersAsync("list", "--door", "rabbitmq")).ExitCode);
            await KillLookAsync(stage);
            Assert.Equal(3, (await stage.LettersAsync("show", "absent", "--door", "rabbitmq")).ExitCode);
        }
        await stage.Rabbit.PublishAsync(Stage.Encoded(users));
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(users);

        var (code, output) = await stage.LettersAsync("replay", "--reason", "given up by the broker", "--door", "rabbitmq");
        Assert.True(code == 0, output);
        await stage.AppliedAsync(expired);
        Assert.Equal(0L, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        Assert.Equal(Users, await stage.CountAsync("SELECT count(*) FROM wallets WHERE balance = 0"));
    }

    static async Task PutAsideAsync(Stage stage, int first, int count, BasicProperties? properties = null)
    {
        var before = await stage.Rabbit.CountAsync(Rabbit.DeadLetters);
        await stage.Rabbit.PublishAsync(Enumerable.Range(first, count).Select(Body), properties ?? Expiring);
        await Deadline.UntilAsync($"{count} letters more", TimeSpan.FromSeconds(60), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) >= before + count
        );
    }

    // What it prints is more than a pipe holds that nobody reads, so it stands in the middle.
    static async Task KillLookAsync(Stage stage)
    {
        var launch = Installed.Own(
            "workers/Ingest",
            "Ingest",
            ["dead-letters", "list", "--door", "rabbitmq", "--json", "--text", "4000", .. stage.Settings]
        );
        var start = new ProcessStartInfo(launch.Program, launch.Arguments) { RedirectStandardOutput = true };
        foreach (var (name, value) in launch.Environment)
        {
            start.Environment[name] = value;
        }
        using var look = Process.Start(start)!;
        Assert.NotNull(await look.StandardOutput.ReadLineAsync(Ending));
        look.Kill();
        await look.WaitForExitAsync(Ending);
    }

    static async Task<List<int>> ListedAsync(Stage stage, params string[] options)
    {
        var (code, output) = await stage.LettersAsync(["list", "--door", "rabbitmq", "--json", "--text", "20", .. options]);
        Assert.True(code == 0, output);
        return
        [
            .. output
                .Split('\n')
                .Where(line => line.StartsWith('{'))
                .Select(line => Number(Encoding.UTF8.GetBytes(JsonDocument.Parse(line).RootElement.GetProperty("body").GetString()!))),
        ];
    }

    // As they stand in the queue.
    static async Task<List<int>> TakenAsync(Stage stage)
    {
        var numbers = new List<int>();
        while (await stage.Rabbit.TakeAsync(Rabbit.DeadLetters) is { } letter)
        {
            numbers.Add(Number(letter.Body.Span));
        }
        return numbers;
    }

    static bool Has(int number, char digit) => number.ToString(CultureInfo.InvariantCulture).Contains(digit, StringComparison.Ordinal);

    static byte[] Body(int number) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number}|").PadRight(4000, 'x'));

    static int Number(ReadOnlySpan<byte> body) => int.Parse(body[..body.IndexOf((byte)'|')], CultureInfo.InvariantCulture);
}
