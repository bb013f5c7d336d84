namespace Betting.CdcSink.Formats;

/// <summary>Bytes that lie in several pieces, read one after the other. Copying it hands over the pieces themselves.</summary>
sealed class PiecesStream(IReadOnlyList<ReadOnlyMemory<byte>> pieces) : Stream
{
    // The piece that is read, and where in it.
    int _piece,
        _at;

    public override bool CanRead => true;

    /// <summary>So that a request tells its length beforehand.</summary>
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => pieces.Sum(piece => (long)piece.Length);

    public override long Position
    {
        get => pieces.Take(_piece).Sum(piece => (long)piece.Length) + _at;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(Span<byte> buffer)
    {
        while (_piece < pieces.Count && _at == pieces[_piece].Length)
        {
            (_piece, _at) = (_piece + 1, 0);
        }
        if (_piece == pieces.Count)
        {
            return 0;
        }
        var taken = pieces[_piece].Span[_at..];
        taken = taken[..Math.Min(taken.Length, buffer.Length)];
        taken.CopyTo(buffer);
        _at += taken.Length;
        return taken.Length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        for (; _piece < pieces.Count; (_piece, _at) = (_piece + 1, 0))
        {
            await destination.WriteAsync(pieces[_piece][_at..], cancellationToken);
        }
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        var position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };
        ArgumentOutOfRangeException.ThrowIfNegative(position, nameof(offset));
        for (_piece = 0; _piece < pieces.Count && position > pieces[_piece].Length; _piece++)
        {
            position -= pieces[_piece].Length;
        }
        _at = _piece < pieces.Count ? (int)position : 0;
        return Position;
    }

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
