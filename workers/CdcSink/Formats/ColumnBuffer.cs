namespace Betting.CdcSink.Formats;

/// <summary>
/// The bytes of one stream of a column, in pooled pieces: growing copies nothing and leaves no smaller memory behind. No value lies in
/// two pieces.
/// </summary>
sealed class ColumnBuffer(int width)
{
    // Most tables get a few rows a batch, bets get all that there are.
    const int FirstRows = 1 << 8,
        TextWidth = 16;

    readonly List<ReadOnlyMemory<byte>> _full = [];
    byte[] _bytes = [];
    int _at;

    /// <summary>Of a map's keys: how many there are so far.</summary>
    public ulong Counted { get; set; }

    /// <summary>What was written, piece by piece; until the next write.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces => _at == 0 ? _full : _full.Append(_bytes.AsMemory(0, _at));

    /// <summary>Room for one value.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _at < count)
        {
            BeginPiece(count);
        }
        var span = _bytes.AsSpan(_at, count);
        _at += count;
        return span;
    }

    public void Return()
    {
        foreach (var piece in _full)
        {
            if (System.Runtime.InteropServices.MemoryMarshal.TryGetArray(piece, out var bytes))
            {
                Pooled.Pieces.Return(bytes.Array!);
            }
        }
        if (_bytes.Length > 0)
        {
            Pooled.Pieces.Return(_bytes);
        }
        _full.Clear();
        (_bytes, _at, Counted) = ([], 0, 0);
    }

    void BeginPiece(int least)
    {
        if (_at > 0)
        {
            _full.Add(_bytes.AsMemory(0, _at));
        }
        var bytes = _full.Count == 0 ? FirstRows * (width == 0 ? TextWidth : width) : Pooled.PieceBytes;
        (_bytes, _at) = (Pooled.Pieces.Rent(Math.Max(bytes, least)), 0);
    }
}
