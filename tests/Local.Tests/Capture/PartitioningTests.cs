using System.IO.Compression;
using System.Text.Json.Nodes;
using Betting.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Betting.Tests.Local.Capture;

public sealed class PartitioningTests(CaptureFixture fixture)
{
    [Fact]
    public async Task A_key_goes_to_the_partition_that_Kafka_Connect_chose_for_it()
    {
        var recorded = RecordedUsers("churn-3.6");
        await using var stage = await fixture.StageAsync(partitions: 3);
        await stage.CreateTablesAsync();
        await using (var connection = await stage.OpenAsync())
        await using (var insert = new NpgsqlCommand("insert into users select id, 'user', now() from unnest($1) id", connection))
        {
            insert.Parameters.Add(new() { Value = recorded.Keys.Select(long.Parse).ToArray() });
            await insert.ExecuteNonQueryAsync();
        }
        await stage.StartCaptureAsync();
        await stage.FenceAsync();

        var ours = stage
            .ReadAll(stage.Topics.Users)
            .ToDictionary(record => JsonNode.Parse(record.Message.Key!)!["id"]!.ToString(), record => record.Partition.Value);
        Assert.Equal(recorded.OrderBy(pair => pair.Key), ours.OrderBy(pair => pair.Key));
        Assert.Equal(3, ours.Values.Distinct().Count());
    }

    static Dictionary<string, int> RecordedUsers(string scenario)
    {
        using var file = new StreamReader(new GZipStream(File.OpenRead(Recordings.File(scenario)), CompressionMode.Decompress));
        var partitions = new Dictionary<string, int>();
        while (file.ReadLine() is { Length: > 0 } line)
        {
            var record = JsonNode.Parse(line)!;
            if (record["topic"]!.GetValue<string>() != "betting.public.users")
                continue;
            partitions[JsonNode.Parse(record["key"]!.GetValue<string>())!["id"]!.ToString()] = record["partition"]!.GetValue<int>();
        }
        return partitions;
    }
}
