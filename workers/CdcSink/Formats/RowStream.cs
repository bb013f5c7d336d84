using System.Buffers;

namespace Betting.CdcSink.Formats;

/// <summary>Takes one row from the reader. What it reads of a row that is not there as a whole is not to be kept.</summary>
delegate void TakeRow(ref RowReader row);

/// <summary>Reads an answer in RowBinary row by row, with no more of it in memory than a buffer.</summary>
static class RowStream
{
    const int Buffer = 1 << 18;

    /// <exception cref="EndOfStreamException">The answer ends within a row.</exception>
    public static async Task ReadAsync(Stream answer, TakeRow take, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            for (var length = 0; ; )
            {
                var read = await answer.ReadAsync(buffer.AsMemory(length), cancellation);
                if (read == 0)
                {
                    if (length > 0)
                    {
                        throw new EndOfStreamException("ClickHouse's answer ends within a row.");
                    }
                    return;
                }
                length += read;
                var taken = TakeRows(buffer.AsSpan(0, length), take);
                buffer.AsSpan(taken, length - taken).CopyTo(buffer);
                length -= taken;
                if (length == buffer.Length)
                {
                    buffer = Enlarge(buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>How many bytes whole rows took.</returns>
    static int TakeRows(ReadOnlySpan<byte> bytes, TakeRow take)
    {
        var row = new RowReader(bytes);
        while (true)
        {
            var rest = row.Rest;
            if (rest == 0)
            {
                return bytes.Length;
            }
            take(ref row);
            if (row.IsShort)
            {
                return bytes.Length - rest;
            }
        }
    }

    static byte[] Enlarge(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
