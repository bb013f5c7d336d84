using System.Buffers.Binary;

namespace Betting.CdcSink.Batches;

/// <summary>Rows in ClickHouse's RowBinary form, written straight into a pooled array: no object for a row, no boxing for a value.</summary>
public sealed class RowBinaryBuffer : IDisposable
{
    byte[] _bytes = Pooled.Arrays<byte>.Pool.Rent(1 << 16);

    public int Length { get; private set; }

    public int Rows { get; private set; }

    /// <summary>What was written, to be read from its beginning: a repeated insert sends the same bytes again.</summary>
    public Stream Open() => new MemoryStream(_bytes, 0, Length, writable: false);

    /// <summary>What was written so far; until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Closes a row.</summary>
    public void EndRow() => Rows++;

    public void Clear()
    {
        Length = 0;
        Rows = 0;
    }

    public void WriteUInt8(byte value) => Reserve(1)[0] = value;

    public void WriteBool(bool value) => WriteUInt8(value ? (byte)1 : (byte)0);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    public void WriteNullableInt64(long? value)
    {
        WriteBool(value is null);
        if (value is { } known)
        {
            WriteInt64(known);
        }
    }

    /// <summary>A string: its length, then its bytes.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        WriteLength(utf8.Length);
        utf8.CopyTo(Reserve(utf8.Length));
    }

    /// <summary>The length of a string, an array or a map: LEB128.</summary>
    public void WriteLength(int count)
    {
        var length = (uint)count;
        for (; length >= 0x80; length >>= 7)
        {
            WriteUInt8((byte)(length | 0x80));
        }
        WriteUInt8((byte)length);
    }

    public void Dispose()
    {
        Pooled.Arrays<byte>.Pool.Return(_bytes);
        _bytes = [];
        Clear();
    }

    Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            var larger = Pooled.Arrays<byte>.Pool.Rent(Math.Max(_bytes.Length * 2, Length + count));
            _bytes.AsSpan(0, Length).CopyTo(larger);
            Pooled.Arrays<byte>.Pool.Return(_bytes);
            _bytes = larger;
        }
        var span = _bytes.AsSpan(Length, count);
        Length += count;
        return span;
    }
}
