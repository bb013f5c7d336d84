using System.Buffers.Binary;
using System.Security.Cryptography;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.Receive.Frames;

namespace Betting.Tests.Ingest.Receive.Frames;

/// <summary>Frames as a broker sends them, in pieces of any size.</summary>
public sealed class FrameFilterTests
{
    const byte Method = 1,
        Header = 2,
        Body = 3,
        Heartbeat = 8;
    static readonly byte[] Beat = Frame(Heartbeat, 0, []);

    readonly HeldBytes _held = new(100_000);
    readonly ContentCuts _cuts;
    readonly FrameFilter _filter;

    public FrameFilterTests()
    {
        _cuts = new ContentCuts(_held);
        _filter = new FrameFilter(new ContentRule(_cuts));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void Small_messages_and_everything_else_pass_unchanged(int piece)
    {
        byte[] wire =
        [
            .. Frame(Method, 0, [0, 10, 0, 10, 1, 2, 3]),
            .. Beat,
            .. Delivered(1, [], []),
            .. Delivered(2, RandomNumberGenerator.GetBytes(ContentRule.SmallBody), [1, (byte)'a', (byte)'t', 1], frame: 4096),
            // A message that was returned to a publisher is none that a consumer gets.
            .. Frame(Method, 1, [0, 60, 0, 50, 0, 0]),
            .. Content(200_000, []),
            .. Bodies(new byte[200_000], 131_064),
            .. Delivered(3, [1], []),
        ];

        Assert.Equal(wire, Pass(wire, piece));
        Assert.Same(ContentCut.None, _cuts.Take(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(1_000_000)]
    public void A_large_body_passes_whole_while_there_is_room_and_else_its_first_bytes_with_size_and_hash(int piece)
    {
        var (whole, second) = (RandomNumberGenerator.GetBytes(80_000), RandomNumberGenerator.GetBytes(70_001));
        byte[] wire = [.. Delivered(1, whole, [], frame: 30_000), .. Delivered(2, second, [], frame: 30_000), .. Delivered(3, [7], [])];

        var passed = Pass(wire, piece);

        byte[] expected =
        [
            .. Delivered(1, whole, [], frame: 30_000),
            .. Delivered(2, second[..ContentRule.KeptBody], [], before: [.. Beat, .. Beat]),
            .. Delivered(3, [7], []),
        ];
        Assert.Equal(expected, passed);
        var (first, cut) = (_cuts.Take(1), _cuts.Take(2));
        Assert.False(first.IsBodyCut);
        Assert.True(cut.IsBodyCut);
        Assert.Equal(
            (0L, "body", "70001", Convert.ToHexStringLower(SHA256.HashData(second))),
            (cut.Held, Described(cut, LetterHeaders.Truncated), Described(cut, LetterHeaders.Size), Described(cut, LetterHeaders.Sha256))
        );
        _held.Release(first.Held);
        Assert.True(_held.TryHold(100_000));
    }

    [Fact]
    public void Headers_that_are_large_in_memory_are_left_out_where_there_is_no_room_and_the_body_stays()
    {
        // 2,000 numbers of two bytes each.
        byte[] array = [.. Enumerable.Repeat<byte[]>([(byte)'B', 1], 2000).SelectMany(bytes => bytes)];
        byte[] table = [1, (byte)'a', (byte)'A', .. Number((uint)array.Length), .. array];

        Assert.Equal(Delivered(1, [1, 2], [], withTable: false), Pass(Delivered(1, [1, 2], table), 100));

        var cut = _cuts.Take(1);
        Assert.Equal(
            (0L, false, "headers", $"{4 + table.Length}"),
            (cut.Held, cut.IsBodyCut, Described(cut, LetterHeaders.Truncated), Described(cut, LetterHeaders.HeadersSize))
        );
    }

    [Fact]
    public void Of_several_headers_with_one_name_the_first_one_passes_as_RabbitMQ_reads_them()
    {
        byte[] first = [1, (byte)'a', (byte)'b', 1],
            other = [1, (byte)'b', (byte)'S', .. Number(2), 7, 8],
            second = [1, (byte)'a', (byte)'t', 0];

        Assert.Equal(Delivered(1, [1, 2], [.. first, .. other]), Pass(Delivered(1, [1, 2], [.. first, .. other, .. second]), 100));
        Assert.Equal(Delivered(2, [1, 2], second), Pass(Delivered(2, [1, 2], [.. second, .. second, .. first]), 100));
        Assert.Empty(_cuts.Take(1).Headers);
        // More entries than are compared in place.
        byte[] many = [.. Enumerable.Range(0, 40).SelectMany(number => (byte[])[1, (byte)(100 + number), (byte)'b', 1])];
        Assert.Equal(Delivered(3, [1, 2], many), Pass(Delivered(3, [1, 2], many), 100));
        Assert.Equal(Delivered(4, [1, 2], many), Pass(Delivered(4, [1, 2], [.. many, .. many]), 100));
    }

    [Fact]
    public void What_nobody_takes_is_released_when_the_connection_ends()
    {
        Pass(Delivered(1, new byte[90_000], []), 10_000);
        Assert.False(_held.TryHold(20_000));

        _cuts.Close();

        Assert.True(_held.TryHold(100_000));
        _held.Release(100_000);
        // What the closing connection still brings is held by nobody.
        Pass(Delivered(2, new byte[90_000], []), 10_000);
        Assert.True(_held.TryHold(100_000));
    }

    [Fact]
    public void A_broker_of_another_protocol_is_heard()
    {
        byte[] refusal = [.. "AMQP"u8, 0, 0, 9, 1];

        Assert.Equal(refusal, Pass(refusal, 100));
    }

    [Fact]
    public void Any_bytes_as_headers_pass_or_are_left_out_and_nothing_throws()
    {
        var random = new Random(14);
        for (ulong number = 1; number <= 20_000; number++)
        {
            // Of the letters that are types, mostly, so that values are found.
            var table = Enumerable
                .Range(0, random.Next(60))
                .Select(_ =>
                    random.Next(4) == 0 ? "SFAxDLlTtbBsuIifdV"u8[random.Next(18)] : (byte)random.Next(random.Next(2) == 0 ? 4 : 256)
                )
                .ToArray();
            var wire = Delivered(number, [1], table);

            var passed = Pass(wire, random.Next(1, 200));

            Assert.Equal(_cuts.Take(number).Headers.Count == 0 ? wire : Delivered(number, [1], [], withTable: false), passed);
        }
    }

    byte[] Pass(byte[] wire, int piece)
    {
        var (passed, buffer) = (new MemoryStream(), new byte[1000]);
        foreach (var part in wire.Chunk(piece))
        {
            _filter.Write(part);
            for (int count; (count = _filter.Read(buffer)) > 0; )
            {
                passed.Write(buffer, 0, count);
            }
        }
        return passed.ToArray();
    }

    static string Described(ContentCut cut, string name) => cut.Headers.Single(header => header.Key == name).Value;

    // basic.deliver, its header and its body; before: frames that stand before the body.
    static byte[] Delivered(ulong tag, byte[] body, byte[] table, int frame = 131_064, bool withTable = true, byte[]? before = null) =>
        [
            .. Frame(Method, 1, [0, 60, 0, 60, 3, 1, 2, 3, .. Long(tag), 0, 0, 1, (byte)'q']),
            .. Content((ulong)body.Length, table, withTable),
            .. before ?? [],
            .. Bodies(body, frame),
        ];

    static byte[] Content(ulong size, byte[] table, bool withTable = true) =>
        Frame(
            Header,
            1,
            [
                0,
                60,
                0,
                0,
                .. Long(size),
                (byte)(withTable ? 0xB0 : 0x90),
                0x80,
                1,
                (byte)'c',
                .. withTable ? (byte[])[.. Number((uint)table.Length), .. table] : [],
                2,
                1,
                (byte)'m',
            ]
        );

    static byte[] Bodies(byte[] body, int frame) => [.. body.Chunk(frame).SelectMany(part => Frame(Body, 1, part))];

    static byte[] Frame(byte type, byte channel, byte[] payload) => [type, 0, channel, .. Number((uint)payload.Length), .. payload, 0xCE];

    static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    static byte[] Long(ulong number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        return bytes;
    }
}
