using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Publishes by writing AMQP 0-9-1 frames itself: headers that RabbitMQ takes and RabbitMQ.Client can neither write nor read. Every
/// message is confirmed.
/// </summary>
sealed class RawPublisher : IAsyncDisposable
{
    const byte Method = 1,
        Header = 2,
        Body = 3,
        Heartbeat = 8;
    readonly TcpClient _client = new() { NoDelay = true };
    Stream _stream = Stream.Null;

    public static async Task<RawPublisher> OpenAsync(string uri)
    {
        var address = new Uri(uri);
        var publisher = new RawPublisher();
        await publisher._client.ConnectAsync(address.Host, address.Port);
        var stream = publisher._stream = publisher._client.GetStream();
        await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray());
        await publisher.ExpectAsync(10, 10);
        var login = Encoding.ASCII.GetBytes($"\0{address.UserInfo.Replace(':', '\0')}");
        await publisher.SendAsync(
            Method,
            0,
            [.. Id(10, 11), .. Number(0u), .. Short("PLAIN"), .. Number((uint)login.Length), .. login, .. Short("en_US")]
        );
        var tune = await publisher.ExpectAsync(10, 30);
        await publisher.SendAsync(Method, 0, [.. Id(10, 31), .. tune[4..10], 0, 0]);
        await publisher.SendAsync(
            Method,
            0,
            [.. Id(10, 40), .. Short(address.AbsolutePath is "/" ? "/" : address.AbsolutePath[1..]), .. Short(""), 0]
        );
        await publisher.ExpectAsync(10, 41);
        await publisher.SendAsync(Method, 1, [.. Id(20, 10), .. Short("")]);
        await publisher.ExpectAsync(20, 11);
        await publisher.SendAsync(Method, 1, [.. Id(85, 10), 0]);
        await publisher.ExpectAsync(85, 11);
        return publisher;
    }

    /// <param name="queue">Where to.</param>
    /// <param name="headers">The entries of a table, such as <see cref="Entry"/> makes them.</param>
    /// <param name="body">Less than a frame.</param>
    public async Task PublishAsync(string queue, byte[] headers, byte[] body)
    {
        await SendAsync(Method, 1, [.. Id(60, 40), 0, 0, .. Short(""), .. Short(queue), 0]);
        // Content type, headers, delivery mode, message id.
        byte[] properties = [0xB0, 0x80, .. Short("application/json"), .. Number((uint)headers.Length), .. headers, 2, .. Short("m-1")];
        await SendAsync(Header, 1, [.. Id(60, 0), .. Number(0u), .. Number((uint)body.Length), .. properties]);
        await SendAsync(Body, 1, body);
        await ExpectAsync(60, 80);
    }

    /// <summary>One entry of a table.</summary>
    public static byte[] Entry(string name, char type, params byte[] value) => [.. Short(name), (byte)type, .. value];

    /// <summary>A value with its length before it: of the types S, x, F and A.</summary>
    public static byte[] Sized(params byte[] value) => [.. Number((uint)value.Length), .. value];

    /// <summary>Arrays or tables in each other.</summary>
    public static byte[] Nested(char type, int depth)
    {
        byte[] name = type == 'F' ? [0] : [];
        var each = name.Length + 5;
        var value = new byte[4 + each * depth];
        for (var level = 0; level <= depth; level++)
        {
            var at = each * level;
            BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(at), (uint)(each * (depth - level)));
            if (level < depth)
            {
                name.CopyTo(value.AsSpan(at + 4));
                value[at + 4 + name.Length] = (byte)type;
            }
        }
        return value;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    async Task SendAsync(byte type, byte channel, byte[] payload) =>
        await _stream.WriteAsync((byte[])[type, 0, channel, .. Number((uint)payload.Length), .. payload, 0xCE]);

    async Task<byte[]> ExpectAsync(ushort classId, ushort method)
    {
        while (true)
        {
            var head = new byte[7];
            await _stream.ReadExactlyAsync(head);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(3)) + 1];
            await _stream.ReadExactlyAsync(payload);
            if (head[0] != Heartbeat)
            {
                Assert.Equal(
                    (classId, method),
                    (BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(2)))
                );
                return payload;
            }
        }
    }

    static byte[] Id(ushort classId, ushort method) => [(byte)(classId >> 8), (byte)classId, (byte)(method >> 8), (byte)method];

    static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    static byte[] Short(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
