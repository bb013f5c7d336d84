using System.IO.Compression;

namespace Betting.Debezium;

/// <summary>
/// The bytes of a gzip file with one more member behind them, which unpacks to <see cref="Mark"/>. .NET's <see cref="GZipStream"/> takes a
/// file that was cut off, or that has something else behind its last member, for a shorter one: only where the file ends with a whole
/// member is the mark unpacked too.
/// </summary>
sealed class MarkedGzip(Stream file) : Stream
{
    /// <summary>The last line of what is unpacked. JSON has no byte 0.</summary>
    public static ReadOnlySpan<byte> Mark => "\0end of the archive\0"u8;

    readonly MemoryStream _mark = new(Packed([(byte)'\n', .. Mark]));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        file.Read(buffer, offset, count) is > 0 and var read ? read : _mark.Read(buffer, offset, count);

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _mark.Dispose();
        }
        base.Dispose(disposing);
    }

    static byte[] Packed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var packing = new GZipStream(packed, CompressionLevel.Fastest))
        {
            packing.Write(content);
        }
        return packed.ToArray();
    }
}
