using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

public sealed partial class FuzzTests(Servers servers)
{
    [Fact]
    public void A_million_inputs_are_each_read_or_refused_and_what_was_read_is_read_again_from_what_is_written()
    {
        long read = 0,
            refused = 0;
        Parallel.For(0, 20, seed =>
        {
            var fuzz = new Fuzz(seed);
            long readHere = 0;
            for (var input = 0; input < 50_000; input++)
            {
                var json = fuzz.Next();
                if (CommandDecoder.TryDecode(json, out var command, out var refusal))
                {
                    Assert.True(CommandDecoder.TryDecode(CommandEncoder.Encode(command), out var again, out _));
                    Assert.Equal(command, again);
                    readHere++;
                }
                else
                {
                    Assert.NotEmpty(refusal.Field);
                    Assert.InRange(refusal.ToString().Length, 1, 500);
                }
            }
            Interlocked.Add(ref read, readHere);
            Interlocked.Add(ref refused, 50_000 - readHere);
        });

        TestContext.Current.TestOutputHelper!.WriteLine($"{read + refused} inputs: {read} commands, {refused} refused");
        // Both happen often enough to be worth the name.
        Assert.InRange(read, 100_000, 900_000);
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task Through_the_door_every_input_has_an_outcome_or_is_a_dead_letter(string door)
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start($"--Ingest:Doors={door}", "--Ingest:MaxAmount=50");
        await worker.ReadyAsync();
        var fuzz = new Fuzz(1000);
        var sent = 0;
        while (sent < TestSize.Of(5_000, 500_000))
        {
            byte[][] inputs = [.. Enumerable.Range(0, 5_000).Select(_ => fuzz.Next())];
            await (door == "kafka" ? stage.Kafka.PublishAsync(inputs) : stage.Rabbit.PublishAsync(inputs));
            sent += inputs.Length;
            // The broker of a test has little room.
            await Deadline.UntilAsync($"the end of {sent} inputs", TimeSpan.FromSeconds(60), async () =>
                (await CountsAsync(worker)).Values.Sum() >= sent
            );
        }
        var counts = await CountsAsync(worker);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{door}: {sent} sent = {string.Join(" + ", counts.Select(count => $"{count.Value} {count.Key}"))}"
        );
        Assert.Equal(sent, counts.Values.Sum());
        Assert.Equal(
            counts["dead letters"],
            door == "kafka" ? stage.Kafka.DeadLetterCount() : await stage.Rabbit.CountAsync(Rabbit.DeadLetters)
        );
        await using var journal = stage.Postgres.CreateCommand("SELECT count(*) FROM commands");
        Assert.Equal(
            counts["accepted"] + counts["rejected"] + counts["parked"],
            (long)(await journal.ExecuteScalarAsync(TestContext.Current.CancellationToken))!
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        await Invariants.HoldAsync(stage.Postgres);
        Assert.Equal(0, await worker.StopAsync());
    }

    internal static async Task<Dictionary<string, long>> CountsAsync(IngestProcess worker)
    {
        var counts = new Dictionary<string, long>
        {
            ["accepted"] = 0,
            ["rejected"] = 0,
            ["parked"] = 0,
            ["duplicate"] = 0,
            ["conflict"] = 0,
            ["dead letters"] = 0,
        };
        var metrics = await worker.ReadAsync("/metrics");
        // Outcomes of parked commands are second ones.
        foreach (
            var sample in Outcomes().Matches(metrics).Where(sample => !sample.Value.Contains("door=\"parked\"", StringComparison.Ordinal))
        )
        {
            counts[sample.Groups["outcome"].Value] += Value(sample);
        }
        counts["dead letters"] = DeadLetters().Matches(metrics).Sum(Value);
        return counts;
    }

    static long Value(Match sample) => (long)double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^ingest_commands\w*\{[^}]*outcome=""(?<outcome>\w+)""[^}]*\} (?<value>[0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex Outcomes();

    [GeneratedRegex(@"^ingest_dead_letters_total\{[^}]*\} (?<value>[0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex DeadLetters();
}
