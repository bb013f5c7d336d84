using System.Text;
using System.Text.Json;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.Local.Capture;

/// <summary>The stand-in beside recordings of the real connector: same statements, same records.</summary>
public sealed class RecordingComparisonTests(CaptureFixture fixture)
{
    [Theory]
    [InlineData("recommended-3.6")]
    [InlineData("identity-default-3.6")]
    public async Task The_same_statements_give_the_records_of_real_Debezium(string scenario)
    {
        var recorded = RecordedRecord.Recorded(scenario);
        await using var stage = await fixture.StageAsync();
        var about = JsonDocument
            .Parse(await File.ReadAllTextAsync(Path.ChangeExtension(Path.ChangeExtension(Recordings.File(scenario), null), ".json")))
            .RootElement;
        await stage.ExecuteAsync(about.GetProperty("ddl").GetString()!);
        await stage.ExecuteAsync("create publication debezium_publication for table users, events, bets");
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();

        string[] fences = [.. recorded.Where(record => record.Topic == "betting.message").Select(Content)];
        string description = recorded
            .Where(record => record.Topic == "betting.public.events" && record.Value is not null)
            .Select(record => record.Json.GetProperty("after"))
            .First(after => after.TryGetProperty("description", out _))
            .GetProperty("description")
            .GetString()!;
        foreach (var (sql, values) in LifeScript.Transactions(description, fences[0], fences[^1]))
            await stage.ExecuteAsync(sql, values);
        await stage.FenceAsync("after it all");

        var ours = stage
            .ChangeTopics.Concat(stage.OtherTopics)
            .SelectMany(stage.ReadAll)
            .Select(result => RecordedRecord.From(result, stage))
            .ToList();
        Assert.All(ours, record => Assert.Contains(("epoch", "1"), record.Headers));
        var expected = Normalised.ByTopic(recorded);
        var actual = Normalised.ByTopic(WithoutOurFence(ours));
        foreach (var (topic, lines) in expected)
            Assert.Equal(lines, actual[topic]);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        SameShape(recorded, ours, "__debezium-heartbeat.betting");
    }

    static string Content(RecordedRecord message) =>
        Encoding.UTF8.GetString(message.Json.GetProperty("message").GetProperty("content").GetBytesFromBase64());

    // The fence that tells this test when to look is a transaction more than the recording has.
    static List<RecordedRecord> WithoutOurFence(List<RecordedRecord> records)
    {
        var fence = records.Last(record => record.Topic == "betting.message");
        string transaction = fence.Json.GetProperty("source").GetProperty("txId").GetRawText() + ":";
        return
        [
            .. records.Where(record =>
                record != fence
                && !(
                    record.Topic == "betting.transaction"
                    && record.Json.GetProperty("id").GetString()!.StartsWith(transaction, StringComparison.Ordinal)
                )
            ),
        ];
    }

    static void SameShape(List<RecordedRecord> recorded, List<RecordedRecord> ours, string topic)
    {
        var theirs = recorded.First(record => record.Topic == topic);
        var one = ours.First(record => record.Topic == topic);
        Assert.Equal(theirs.Key, one.Key);
        Assert.Equal(
            theirs.Json.EnumerateObject().Select(field => (field.Name, field.Value.ValueKind)),
            one.Json.EnumerateObject().Select(field => (field.Name, field.Value.ValueKind))
        );
    }
}
