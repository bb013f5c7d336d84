using System.Buffers.Binary;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// A batch of records (format 2) as a publisher without a client library can write it, and the request Produce (version 7) that sends it.
/// </summary>
static class RecordBatch
{
    public const short Plain = 0,
        Gzip = 1;

    const int NoError = 0;

    /// <summary>Records without keys, headers and times, one after the other, with the offsets that follow one another.</summary>
    public static byte[] Records(IReadOnlyList<byte[]> values) => Records(values, [.. Enumerable.Range(0, values.Count)]);

    /// <param name="values">Of the records.</param>
    /// <param name="offsets">What each says that its offset is, from the batch's.</param>
    public static byte[] Records(IReadOnlyList<byte[]> values, IReadOnlyList<int> offsets) =>
        [.. values.Zip(offsets, Record).SelectMany(bytes => bytes)];

    /// <summary>Sends a batch to partition 0 and waits for the answer of all replicas.</summary>
    /// <param name="bootstrap">The only broker.</param>
    /// <param name="topic">Where to.</param>
    /// <param name="records">How many the batch says that it has.</param>
    /// <param name="codec"><see cref="Plain"/> or <see cref="Gzip"/>.</param>
    /// <param name="payload">The records, packed.</param>
    public static async Task SendAsync(string bootstrap, string topic, int records, short codec, byte[] payload)
    {
        var batch = Batch(records, codec, payload);
        byte[] request =
        [
            .. Short(0),
            .. Short(7),
            .. Int(1),
            .. Short(-1),
            .. Short(-1),
            .. Short(-1),
            .. Int(10_000),
            .. Int(1),
            .. Short((short)topic.Length),
            .. Encoding.ASCII.GetBytes(topic),
            .. Int(1),
            .. Int(0),
            .. Int(batch.Length),
            .. batch,
        ];
        using var socket = new TcpClient();
        await socket.ConnectAsync(
            bootstrap.Split(':')[0],
            int.Parse(bootstrap.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)
        );
        var stream = socket.GetStream();
        await stream.WriteAsync((byte[])[.. Int(request.Length), .. request]);
        var answer = new byte[4];
        await stream.ReadExactlyAsync(answer);
        answer = new byte[BinaryPrimitives.ReadInt32BigEndian(answer)];
        await stream.ReadExactlyAsync(answer);
        // Behind the correlation, the number of topics, the topic, the number of partitions and the partition.
        Assert.Equal(NoError, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4 + 4 + 2 + topic.Length + 4 + 4)));
    }

    static byte[] Batch(int records, short codec, byte[] payload)
    {
        var now = Long(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        byte[] summed =
        [
            .. Short(codec),
            .. Int(records - 1),
            .. now,
            .. now,
            .. Long(-1),
            .. Short(-1),
            .. Int(-1),
            .. Int(records),
            .. payload,
        ];
        byte[] body = [.. Int(0), 2, .. Int((int)Crc(summed)), .. summed];
        return [.. Long(0), .. Int(body.Length), .. body];
    }

    static byte[] Record(byte[] value, int offset)
    {
        byte[] body = [0, .. Varint(0), .. Varint(offset), .. Varint(-1), .. Varint(value.Length), .. value, .. Varint(0)];
        return [.. Varint(body.Length), .. body];
    }

    static uint Crc(byte[] bytes) => ~bytes.Aggregate(uint.MaxValue, BitOperations.Crc32C);

    static IEnumerable<byte> Varint(int number)
    {
        var left = (uint)((number << 1) ^ (number >> 31));
        for (; left > 127; left >>= 7)
        {
            yield return (byte)(left | 128);
        }
        yield return (byte)left;
    }

    static byte[] Short(short number) => [(byte)(number >> 8), (byte)number];

    static byte[] Int(int number) => [.. Short((short)(number >> 16)), .. Short((short)number)];

    static byte[] Long(long number) => [.. Int((int)(number >> 32)), .. Int((int)number)];
}
