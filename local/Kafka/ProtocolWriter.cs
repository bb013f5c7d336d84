using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Betting.Local.Kafka;

/// <summary>Writes values as Kafka's protocol has them in versions that are not flexible: big-endian, texts after their length.</summary>
sealed class ProtocolWriter
{
    readonly ArrayBufferWriter<byte> _bytes = new();

    public ProtocolWriter Byte(byte value)
    {
        _bytes.Write([value]);
        return this;
    }

    public ProtocolWriter Short(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_bytes.GetSpan(2), value);
        _bytes.Advance(2);
        return this;
    }

    public ProtocolWriter Int(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    /// <summary>A null text has the length -1.</summary>
    public ProtocolWriter Text(string? value)
    {
        if (value is null)
            return Short(-1);
        byte[] text = Encoding.UTF8.GetBytes(value);
        Short((short)text.Length);
        _bytes.Write(text);
        return this;
    }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
