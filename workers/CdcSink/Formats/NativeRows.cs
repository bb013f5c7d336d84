using System.Buffers.Binary;

namespace Betting.CdcSink.Formats;

/// <summary>
/// Rows in ClickHouse's Native form: each column by itself, written value by value straight into pooled memory. No object for a row,
/// no boxing for a value; and the engine takes whole columns where it would have to take RowBinary apart.
/// </summary>
/// <param name="columns">In the order in which a row's values are written.</param>
public sealed class NativeRows(IReadOnlyList<Column> columns) : IDisposable
{
    readonly ColumnBuffer[] _streams = [.. columns.SelectMany(column => column.Widths).Select(width => new ColumnBuffer(width))];

    // The stream that the open row's next value goes to.
    int _at;

    /// <summary>Bytes, names and types left out.</summary>
    public int Length { get; private set; }

    public int Rows { get; private set; }

    public IReadOnlyList<Column> Columns => columns;

    public string ColumnNames => string.Join(", ", columns.Select(column => column.Name));

    /// <summary>All rows as one block, to be read from its beginning: a repeated insert sends the same bytes again.</summary>
    public Stream Open() => new PiecesStream([.. NativeBlock.Of(columns, _streams, Rows)]);

    /// <summary>The pieces of a column.</summary>
    /// <param name="column">Its name.</param>
    /// <param name="stream">Of its streams, see <see cref="Column"/>.</param>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Pieces(string column, int stream = 0) =>
        [.. _streams[columns.TakeWhile(each => each.Name != column).Sum(each => each.Widths.Count) + stream].Pieces];

    /// <summary>The same rows in several blocks, each in its order.</summary>
    /// <param name="blocks">For each row the number of its block.</param>
    /// <param name="count">How many blocks there are.</param>
    /// <exception cref="NotSupportedException">A column is a map.</exception>
    internal List<NativeRows> Split(ReadOnlySpan<int> blocks, int count)
    {
        if (columns.Any(column => column.Widths.Count > 2))
        {
            throw new NotSupportedException($"Rows with a map cannot be split: {ColumnNames}.");
        }
        var parts = Enumerable.Range(0, count).Select(_ => new NativeRows(columns)).ToList();
        var widths = columns.SelectMany(column => column.Widths).ToList();
        for (var stream = 0; stream < _streams.Length; stream++)
        {
            var copied = RowSplit.Copy(_streams[stream].Pieces, widths[stream], blocks, [.. parts.Select(part => part._streams[stream])]);
            for (var part = 0; part < count; part++)
            {
                parts[part].Length += copied[part];
            }
        }
        foreach (var block in blocks)
        {
            parts[block].Rows++;
        }
        return parts;
    }

    /// <summary>Closes a row.</summary>
    /// <exception cref="InvalidOperationException">It has fewer values than there are columns.</exception>
    public void EndRow()
    {
        if (_at != _streams.Length)
        {
            throw new InvalidOperationException($"A row of {ColumnNames} ends after {_at} of {_streams.Length} streams.");
        }
        _at = 0;
        Rows++;
    }

    public void WriteUInt8(byte value) => Next(1)[0] = value;

    public void WriteBool(bool value) => WriteUInt8(value ? (byte)1 : (byte)0);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Next(2), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Next(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Next(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Next(8), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Next(8), value);

    public void WriteUInt128(UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Next(16), value);

    /// <summary>A UUID as ClickHouse keeps it: its two halves in order, each of them little-endian.</summary>
    public void WriteUuid(Guid value)
    {
        var bytes = Next(16);
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[..8].Reverse();
        bytes[8..].Reverse();
    }

    public void WriteNullableInt64(long? value)
    {
        WriteBool(value is null);
        WriteInt64(value ?? 0);
    }

    public void WriteString(ReadOnlySpan<byte> utf8) => WriteText(_streams[_at++], utf8);

    /// <summary>One pair of the map that the next column is; as many as there are, then <see cref="EndMap"/>.</summary>
    public void WritePair(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        WriteText(_streams[_at + 1], key);
        WriteText(_streams[_at + 2], value);
        _streams[_at + 1].Counted++;
    }

    /// <summary>Closes a row's map. The stream has how many pairs there are up to this row.</summary>
    public void EndMap()
    {
        WriteUInt64(_streams[_at + 1].Counted);
        _at += 2;
    }

    public void Dispose()
    {
        foreach (var stream in _streams)
        {
            stream.Return();
        }
        (_at, Length, Rows) = (0, 0, 0);
    }

    Span<byte> Next(int count)
    {
        Length += count;
        return _streams[_at++].Reserve(count);
    }

    void WriteText(ColumnBuffer stream, ReadOnlySpan<byte> utf8)
    {
        var text = stream.Reserve(Leb128.Length(utf8.Length) + utf8.Length);
        utf8.CopyTo(text[Leb128.Write(text, utf8.Length)..]);
        Length += text.Length;
    }
}
