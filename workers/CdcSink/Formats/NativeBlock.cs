using System.Text;

namespace Betting.CdcSink.Formats;

/// <summary>
/// A block in ClickHouse's Native form: how many columns and rows, then each column's name, type and streams, as a server reads it from
/// a client that names no revision.
/// </summary>
static class NativeBlock
{
    public static IEnumerable<ReadOnlyMemory<byte>> Of(IReadOnlyList<Column> columns, IReadOnlyList<ColumnBuffer> streams, int rows)
    {
        yield return Size(columns.Count, rows);
        var stream = 0;
        foreach (var column in columns)
        {
            yield return Head(column);
            for (var end = stream + column.Widths.Count; stream < end; stream++)
            {
                foreach (var piece in streams[stream].Pieces)
                {
                    yield return piece;
                }
            }
        }
    }

    static byte[] Size(int columns, int rows)
    {
        var size = new byte[Leb128.Length(columns) + Leb128.Length(rows)];
        Leb128.Write(size.AsSpan(Leb128.Write(size, columns)), rows);
        return size;
    }

    static byte[] Head(Column column)
    {
        using var head = new MemoryStream();
        // Its texts have their length before them as ClickHouse's do.
        using var writer = new BinaryWriter(head, Encoding.UTF8);
        writer.Write(column.Name);
        writer.Write(column.Type);
        return head.ToArray();
    }
}
