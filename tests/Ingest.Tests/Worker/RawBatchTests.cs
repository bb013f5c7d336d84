using System.IO.Compression;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Batches that no client library writes: on a Kafka of its own where REAL_KAFKA names the tools. The stand-in keeps batches as they come,
/// so it gets such as a library writes.
/// </summary>
[Trait("Category", "real")]
public sealed class RawBatchTests(Servers servers)
{
    [Theory]
    // librdkafka unpacks the first member alone: the commands in the second one would be lost, the process would end, or the partition
    // would stand.
    [InlineData(2, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 20)]
    public async Task Every_command_of_a_batch_that_is_packed_in_two_parts_is_applied(int inFirstPart, int bytesMore)
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        BetCommand[] packed = [.. Enumerable.Range(1, 4).Select(user => Given.Register(user))],
            behind = [Given.Register(5)];
        var bodies = Stage.Encoded(packed).ToArray();
        var records = RecordBatch.Records(bodies);
        var cut = RecordBatch.Records(bodies[..inFirstPart]).Length + bytesMore;
        byte[] payload = broker.IsReal ? [.. Gzip(records[..cut]), .. Gzip(records[cut..])] : Gzip(records);
        await RecordBatch.SendAsync(broker.Bootstrap, Topics.Commands, packed.Length, RecordBatch.Gzip, payload);
        await broker.PublishAsync(Stage.Encoded(behind));

        var worker = stage.Start(broker.Settings);

        await stage.AppliedAsync([.. packed, .. behind]);
        await worker.ReadyAsync();
    }

    [Fact]
    public async Task Records_that_claim_offsets_of_their_own_hide_no_command_behind_them_from_a_replica_that_is_started_again()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        BetCommand[] first = [Given.Register(1)],
            claiming = [Given.Register(2), Given.Register(3)],
            behind = [.. Enumerable.Range(4, 100).Select(user => Given.Register(user))];
        var worker = stage.Start(broker.Settings);
        await broker.PublishAsync(Stage.Encoded(first));
        await stage.AppliedAsync(first);
        var records = RecordBatch.Records(Stage.Encoded(claiming), broker.IsReal ? [0, 50] : [0, 1]);
        await RecordBatch.SendAsync(broker.Bootstrap, Topics.Commands, claiming.Length, RecordBatch.Plain, records);
        await stage.AppliedAsync(claiming);
        Assert.Equal(0, await worker.StopAsync());

        await broker.PublishAsync(Stage.Encoded(behind));
        stage.Start(broker.Settings);

        await stage.AppliedAsync(behind);
    }

    static byte[] Gzip(byte[] plain)
    {
        if (plain.Length == 0)
        {
            // .NET writes nothing at all for it.
            return Convert.FromHexString("1f8b080000000000000303000000000000000000");
        }
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }
        return packed.ToArray();
    }
}
