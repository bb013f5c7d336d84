using System.IO.Compression;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Gzip of several members, which RFC 1952 allows: on a Kafka of its own where REAL_KAFKA names the tools. The stand-in unpacks nothing, so
/// it gets gzip of one member.
/// </summary>
[Trait("Category", "real")]
[Collection("worker")]
public sealed class CompressedBatchTests(Servers servers)
{
    [Theory]
    // librdkafka unpacks the first member alone: the commands in the second one would be lost, the process would end, or the partition would stand.
    [InlineData(2, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 20)]
    public async Task Every_command_of_a_batch_that_is_packed_in_two_parts_is_applied(int inFirstPart, int bytesMore)
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        BetCommand[] packed = [.. Enumerable.Range(1, 4).Select(user => Given.Register(user))], behind = [Given.Register(5)];
        var bodies = Stage.Encoded(packed).ToArray();
        var records = RecordBatch.Records(bodies);
        var cut = RecordBatch.Records(bodies[..inFirstPart]).Length + bytesMore;
        byte[] payload = broker.IsReal ? [.. Gzip(records[..cut]), .. Gzip(records[cut..])] : Gzip(records);
        await RecordBatch.SendAsync(broker.Bootstrap, Topics.Commands, packed.Length, payload);
        await broker.PublishAsync(Stage.Encoded(behind));

        var worker = stage.Start(broker.Settings);

        await stage.AppliedAsync([.. packed, .. behind]);
        await worker.ReadyAsync();
    }

    static byte[] Gzip(byte[] plain)
    {
        if (plain.Length == 0)
        {
            // .NET writes nothing at all for it.
            return Convert.FromHexString("1f8b0800000000000003" + "0300" + "00000000" + "00000000");
        }
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }
        return packed.ToArray();
    }
}
