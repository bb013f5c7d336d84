using System.Buffers.Binary;

namespace Betting.CdcSink.Formats;

/// <summary>Reads a stream of a column value by value, as it was written.</summary>
ref struct ColumnReader(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
{
    ReadOnlySpan<byte> _rest;
    int _next;

    public byte ReadUInt8() => Take(1)[0];

    public bool ReadBool() => ReadUInt8() != 0;

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A text's bytes.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        Begin();
        var text = new RowReader(_rest);
        var value = text.ReadString();
        _rest = _rest[^text.Rest..];
        return value;
    }

    ReadOnlySpan<byte> Take(int count)
    {
        Begin();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    // No value lies in two pieces.
    void Begin()
    {
        while (_rest.IsEmpty)
        {
            _rest = pieces[_next++].Span;
        }
    }
}
