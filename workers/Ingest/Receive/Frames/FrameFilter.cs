using System.Buffers;
using System.Buffers.Binary;
using Betting.Brokers;

namespace Betting.Ingest.Receive.Frames;

/// <summary>
/// Reads the frames of an AMQP 0-9-1 connection (2.3.5) before RabbitMQ.Client does. The client holds each message until its consumer takes
/// it, up to the prefetch count of any size, and closes the connection at headers that it cannot read. So large bodies are cut here and
/// large or unreadable headers are left out, as <see cref="ContentRule"/> says; everything else passes unchanged.
/// </summary>
/// <param name="rule">Decides what of a message passes.</param>
/// <remarks>For a connection with one channel that receives messages.</remarks>
public sealed class FrameFilter(ContentRule rule) : IInboundFilter
{
    const int HeadBytes = 7,
        FrameEnd = 0xCE;
    const byte Method = 1,
        Header = 2,
        Body = 3,
        Heartbeat = 8;
    const uint BasicDeliver = (60 << 16) | 60,
        BasicGetOk = (60 << 16) | 71;

    readonly ArrayBufferWriter<byte> _passed = new(),
        _begun = new();
    readonly byte[] _channel = new byte[2];
    int _read;
    bool _isOpaque;

    // Of the message whose frames come; 0 where it is none that a consumer gets.
    ulong _deliveryTag;

    // What is left of a frame of a body, its end included.
    long _bodyLeft;
    CutBody? _cut;
    long _bodyBytes;

    /// <summary>Bytes of bodies that have come, of messages that are not whole yet too. Heartbeats are none. For any thread.</summary>
    public long BodyBytes => Interlocked.Read(ref _bodyBytes);

    public int Read(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _passed.WrittenCount - _read);
        _passed.WrittenSpan.Slice(_read, count).CopyTo(destination);
        _read += count;
        if (_read == _passed.WrittenCount)
        {
            _passed.ResetWrittenCount();
            _read = 0;
        }
        return count;
    }

    public void Write(ReadOnlySpan<byte> received)
    {
        // A broker that does not speak this protocol answers with the name of its own and ends the connection.
        _isOpaque |= _begun.WrittenCount == 0 && _bodyLeft == 0 && received is [(byte)'A', ..];
        if (_isOpaque)
        {
            _passed.Write(received);
            return;
        }
        while (!received.IsEmpty)
        {
            received = received[(_bodyLeft > 0 ? PassBody(received) : Take(received))..];
        }
    }

    // A frame, or the head of a frame of a body; null while its head is not whole.
    static int? LengthOf(ReadOnlySpan<byte> frame) =>
        frame.Length < HeadBytes ? null
        : frame[0] == Body ? HeadBytes
        : HeadBytes + PayloadOf(frame) + 1;

    static int PayloadOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32BigEndian(frame[3..]);

    // Returns how many bytes it has used.
    int Take(ReadOnlySpan<byte> received)
    {
        if (_begun.WrittenCount == 0 && LengthOf(received) is { } whole && whole <= received.Length)
        {
            PassFrame(received[..whole]);
            return whole;
        }
        var wanted = LengthOf(_begun.WrittenSpan) ?? HeadBytes;
        var part = received[..Math.Min(received.Length, wanted - _begun.WrittenCount)];
        _begun.Write(part);
        if (LengthOf(_begun.WrittenSpan) == _begun.WrittenCount)
        {
            PassFrame(_begun.WrittenSpan);
            _begun.ResetWrittenCount();
        }
        return part.Length;
    }

    void PassFrame(ReadOnlySpan<byte> frame)
    {
        switch (frame[0])
        {
            case Method:
                _deliveryTag = DeliveryTagOf(frame[HeadBytes..^1]);
                break;
            case Header when _deliveryTag != 0:
                var payload = rule.Apply(_deliveryTag, frame[HeadBytes..^1], out _cut);
                frame[1..3].CopyTo(_channel);
                PassFrame(Header, _channel, payload);
                return;
            case Body:
                _bodyLeft = PayloadOf(frame) + 1L;
                if (_cut is not null)
                {
                    return;
                }
                break;
        }
        _passed.Write(frame);
    }

    static ulong DeliveryTagOf(ReadOnlySpan<byte> method) =>
        BinaryPrimitives.ReadUInt32BigEndian(method) switch
        {
            BasicDeliver => BinaryPrimitives.ReadUInt64BigEndian(method[(5 + method[4])..]),
            BasicGetOk => BinaryPrimitives.ReadUInt64BigEndian(method[4..]),
            _ => 0,
        };

    int PassBody(ReadOnlySpan<byte> received)
    {
        var part = received[..(int)Math.Min(received.Length, _bodyLeft)];
        _bodyLeft -= part.Length;
        Interlocked.Add(ref _bodyBytes, part.Length);
        if (_cut is null)
        {
            _passed.Write(part);
            return part.Length;
        }
        _cut.Add(_bodyLeft == 0 ? part[..^1] : part);
        if (_bodyLeft == 0 && _cut.IsComplete)
        {
            // What is known about the body is there before the client has the end of the message.
            rule.Complete(_cut);
            PassFrame(Body, _channel, _cut.Kept);
            _cut.Dispose();
            _cut = null;
        }
        else if (_bodyLeft == 0)
        {
            // A slow and large body is no silence of the broker.
            PassFrame(Heartbeat, [0, 0], []);
        }
        return part.Length;
    }

    void PassFrame(byte type, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        var frame = _passed.GetSpan(HeadBytes + payload.Length + 1);
        frame[0] = type;
        channel.CopyTo(frame[1..]);
        BinaryPrimitives.WriteInt32BigEndian(frame[3..], payload.Length);
        payload.CopyTo(frame[HeadBytes..]);
        frame[HeadBytes + payload.Length] = FrameEnd;
        _passed.Advance(HeadBytes + payload.Length + 1);
    }
}
