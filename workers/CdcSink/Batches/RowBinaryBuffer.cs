using System.Buffers.Binary;

namespace Betting.CdcSink.Batches;

/// <summary>
/// Rows in ClickHouse's RowBinary form, written straight into pooled memory: no object for a row, no boxing for a value. It grows by
/// pieces of one size, each of whole rows, so that growing copies nothing and leaves no smaller memory behind.
/// </summary>
public sealed class RowBinaryBuffer : IDisposable
{
    const int First = 1 << 16;

    readonly List<ReadOnlyMemory<byte>> _full = [];
    byte[] _bytes = Pooled.Pieces.Rent(First);

    // In the last piece: where the open row begins, and where it goes on.
    int _row, _at;

    public int Length { get; private set; }

    public int Rows { get; private set; }

    /// <summary>What was written, piece by piece; until the next write.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces => _full.Append(_bytes.AsMemory(0, _at));

    /// <summary>What was written, to be read from its beginning: a repeated insert sends the same bytes again.</summary>
    public Stream Open() => new PiecesStream([.. Pieces]);

    /// <summary>Closes a row.</summary>
    public void EndRow()
    {
        Rows++;
        _row = _at;
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
        foreach (var piece in _full)
        {
            Return(piece);
        }
        _full.Clear();
        Pooled.Pieces.Return(_bytes);
        _bytes = [];
        (_row, _at, Length, Rows) = (0, 0, 0, 0);
    }

    Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _at < count)
        {
            BeginPiece(count);
        }
        var span = _bytes.AsSpan(_at, count);
        _at += count;
        Length += count;
        return span;
    }

    /// <summary>The open row goes along, with room for more of it.</summary>
    void BeginPiece(int more)
    {
        var open = _bytes.AsSpan(_row, _at - _row);
        var next = Pooled.Pieces.Rent(Math.Max(Pooled.PieceBytes, open.Length + more));
        open.CopyTo(next);
        if (_row > 0)
        {
            _full.Add(_bytes.AsMemory(0, _row));
        }
        else
        {
            Pooled.Pieces.Return(_bytes);
        }
        (_bytes, _at, _row) = (next, open.Length, 0);
    }

    static void Return(ReadOnlyMemory<byte> piece)
    {
        if (System.Runtime.InteropServices.MemoryMarshal.TryGetArray(piece, out var bytes))
        {
            Pooled.Pieces.Return(bytes.Array!);
        }
    }
}
