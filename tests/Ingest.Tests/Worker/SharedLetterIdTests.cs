using Betting.Contracts;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A topic that was made anew counts from 0 again, so two letters may have one place.</summary>
public sealed class SharedLetterIdTests(Servers servers)
{
    const string Id = $"{Topics.Commands}/0@5";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Neither_is_ended_by_the_id_of_both_until_another_option_chooses_one(bool isInTable)
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        (int, long, byte[])[] letters = [(0, 5, "former"u8.ToArray()), (0, 6, "other"u8.ToArray()), (0, 5, "newer"u8.ToArray())];
        await stage.Kafka.PublishLettersAsync(isInTable ? letters[..2] : letters);
        if (isInTable)
        {
            await stage.ExecuteAsync(
                $"INSERT INTO dead_letters (door, source, put_aside_at, body, headers) VALUES ('kafka', '{Id}', now(), 'newer', '[]')"
            );
        }
        foreach (var verb in new[] { "drop", "replay" })
        {
            var (refused, why) = await stage.LettersAsync(verb, "--id", Id, "--id", $"{Topics.Commands}/0@6", "--door", "kafka");
            Assert.True(refused == 1, why);
            Assert.Contains($"different letters have the id {Id}, ", why, StringComparison.Ordinal);
            Assert.DoesNotContain("there is no letter", why, StringComparison.Ordinal);
        }
        Assert.Equal(3, (await ListedAsync(stage)).Length);

        var (code, output) = await stage.LettersAsync("drop", "--id", Id, "--contains", "newer", "--door", "kafka");

        Assert.True(code == 0, output);
        var left = await ListedAsync(stage);
        Assert.Equal(2, left.Length);
        Assert.DoesNotContain(left, line => line.Contains("newer", StringComparison.Ordinal));
        Assert.Equal(0, stage.Kafka.CommandCount());
    }

    static async Task<string[]> ListedAsync(Stage stage) =>
        [
            .. (await stage.LettersAsync("list", "--door", "kafka"))
                .Output.Split('\n')
                .Where(line => line.Contains($"{Topics.Commands}/0@", StringComparison.Ordinal)),
        ];
}
