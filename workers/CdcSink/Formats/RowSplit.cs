namespace Betting.CdcSink.Formats;

/// <summary>Copies one stream of a column into several, value by value.</summary>
static class RowSplit
{
    /// <param name="from">The stream's pieces; no value lies in two.</param>
    /// <param name="width">Of a value in bytes; 0 for texts.</param>
    /// <param name="blocks">For each row the block that takes it.</param>
    /// <param name="to">The stream of each block.</param>
    /// <returns>Bytes copied into each block.</returns>
    public static int[] Copy(IEnumerable<ReadOnlyMemory<byte>> from, int width, ReadOnlySpan<int> blocks, IReadOnlyList<ColumnBuffer> to)
    {
        var copied = new int[to.Count];
        var row = 0;
        foreach (var piece in from)
        {
            for (var rest = piece.Span; !rest.IsEmpty; row++)
            {
                var length = width > 0 ? width : TextLength(rest);
                rest[..length].CopyTo(to[blocks[row]].Reserve(length));
                copied[blocks[row]] += length;
                rest = rest[length..];
            }
        }
        return copied;
    }

    /// <summary>Of a text with its length before it.</summary>
    static int TextLength(ReadOnlySpan<byte> bytes)
    {
        var reader = new RowReader(bytes);
        _ = reader.ReadString();
        return bytes.Length - reader.Rest;
    }
}
