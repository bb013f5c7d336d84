using System.Buffers.Binary;

namespace Betting.CdcSink.Formats;

/// <summary>Reads values in ClickHouse's RowBinary form from bytes that may end within a row: see <see cref="IsShort"/>.</summary>
ref struct RowReader(ReadOnlySpan<byte> bytes)
{
    ReadOnlySpan<byte> _rest = bytes;

    /// <summary>
    /// Whether a value was asked for that is not there as a whole. What was read since the last row's end means nothing then.
    /// </summary>
    public bool IsShort { get; private set; }

    public readonly int Rest => _rest.Length;

    public byte ReadUInt8() => Take(1) is [var value] ? value : (byte)0;

    public bool ReadBool() => ReadUInt8() != 0;

    public long ReadInt64() => Take(8) is { Length: 8 } value ? BinaryPrimitives.ReadInt64LittleEndian(value) : 0;

    public ulong ReadUInt64() => (ulong)ReadInt64();

    public long? ReadNullableInt64() => ReadBool() ? null : ReadInt64();

    /// <summary>A string's bytes.</summary>
    public ReadOnlySpan<byte> ReadString() => Take(ReadLength());

    /// <summary>The length of a string, an array or a map: LEB128.</summary>
    public int ReadLength()
    {
        var (length, shift) = (0, 0);
        for (byte part = 0x80; (part & 0x80) != 0 && !IsShort; shift += 7)
        {
            part = ReadUInt8();
            length |= (part & 0x7F) << shift;
        }
        return length;
    }

    ReadOnlySpan<byte> Take(int count)
    {
        if (IsShort || (uint)count > (uint)_rest.Length)
        {
            IsShort = true;
            return [];
        }
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
