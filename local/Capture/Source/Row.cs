namespace Betting.Local.Capture.Source;

/// <summary>What stands in a column of a row.</summary>
public enum Cell : byte
{
    Null,

    /// <summary>A large value that the statement did not touch: PostgreSQL does not send it.</summary>
    Unchanged,

    /// <summary>A value, as PostgreSQL's text.</summary>
    Text,
}

/// <summary>One row as PostgreSQL's texts, in one buffer that is used again for the next row.</summary>
public sealed class Row
{
    byte[] _bytes = new byte[1024];
    (Cell Cell, int Start, int Length)[] _cells = new (Cell, int, int)[16];
    int _used;

    public int Count { get; private set; }

    public void Clear() => (Count, _used) = (0, 0);

    public void Add(Cell cell, ReadOnlySpan<byte> text)
    {
        if (Count == _cells.Length)
            Array.Resize(ref _cells, _cells.Length * 2);
        if (_used + text.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + text.Length));
        text.CopyTo(_bytes.AsSpan(_used));
        _cells[Count++] = (cell, _used, text.Length);
        _used += text.Length;
    }

    /// <summary>What stands in the column; Null for one beyond the row's end.</summary>
    public Cell this[int column] => column < Count ? _cells[column].Cell : Cell.Null;

    public ReadOnlySpan<byte> Text(int column) => _bytes.AsSpan(_cells[column].Start, _cells[column].Length);

    public bool SameText(int column, Row other) =>
        this[column] == other[column] && (this[column] != Cell.Text || Text(column).SequenceEqual(other.Text(column)));
}
